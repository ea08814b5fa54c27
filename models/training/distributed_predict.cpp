#include "models/training/distributed_predict.h"

#include <cstring>
#include <numeric>

#include "core/base/range.h"

namespace temper::training {
namespace {

// Whole batches of the evaluation, which are what one rank alone would have, too.
data::Dataset own_part(const data::Dataset& set, Index batch, const optim::Communicator& ranks) {
  const Index batches = (set.size() + batch - 1) / batch;
  const Range own = cut_range(batches, ranks.rank(), ranks.size());
  const Index begin = own.begin * batch, end = std::min(own.end * batch, set.size());
  std::vector<Index> samples(static_cast<std::size_t>(std::max<Index>(0, end - begin)));
  std::iota(samples.begin(), samples.end(), begin);
  return set.subset(samples, set.name);
}

}  // namespace

calibration::Predictions distributed_predict(const models::Model& model, const data::Dataset& set, const models::PredictOptions& options,
                                             optim::Communicator& ranks) {
  if (ranks.size() == 1) return models::predict(model, set, options);
  const data::Dataset part = own_part(set, options.batch, ranks);
  std::string own;
  if (part.size() > 0) {
    const std::vector<float> logits = models::predict(model, part, options).logits;
    own.assign(reinterpret_cast<const char*>(logits.data()), logits.size() * sizeof(float));
  }
  std::string all;
  for (const std::string& logits : optim::all_gather(ranks, own)) all += logits;
  calibration::Predictions predictions{.classes = set.classes(), .logits = {}, .labels = set.labels};
  predictions.logits.resize(static_cast<std::size_t>(set.size() * set.classes()));
  TEMPER_CHECK(all.size() == predictions.logits.size() * sizeof(float), set.name, ": the ranks gave ", all.size(), " bytes of logits for ",
               set.size(), " images; start all of them with the same data");
  std::memcpy(predictions.logits.data(), all.data(), all.size());
  return predictions;
}

void check_same_images(const data::Dataset& set, optim::Communicator& ranks) {
  if (ranks.size() > 1) optim::check_agreement(ranks, str_cat("the images of ", set.name), set.fingerprint());
}

}  // namespace temper::training
