#include "models/model.h"

#include <algorithm>
#include <numeric>

#include "core/frozen.h"
#include "core/tape.h"
#include "data/loader.h"
#include "models/networks/registry.h"

namespace temper::models {
namespace {

void show_first_images(Network& network, const data::Dataset& train, const data::Normalization& normalization) {
  if (network.previews() == 0) return;
  std::vector<Index> first(static_cast<std::size_t>(std::min(network.previews(), train.size())));
  std::iota(first.begin(), first.end(), Index{0});
  const data::Dataset set = train.subset(first, train.name);
  data::Loader loader(set, normalization, {.batch = set.size()});
  for (const data::Batch& batch : loader.epoch(0)) network.preview(batch.images);
}

}  // namespace

Model make_model(const std::string& network_name, const data::Dataset& train, std::uint64_t seed) {
  Model model{.network_name = network_name,
              .spec = {.image = train.image, .classes = train.classes()},
              .class_names = train.class_names,
              .normalization = data::Normalization::measure(train),
              .parameters = std::make_unique<ParameterStore>(),
              .network = nullptr};
  model.network = make_network(network_name, model.parameters->root(), model.spec);
  model.parameters->commit({.seed = seed});
  show_first_images(*model.network, train, model.normalization);
  return model;
}

calibration::Predictions predict(Network& network, const data::Dataset& set, const data::Normalization& normalization, Index batch) {
  const Tape::Pause evaluation;
  const Frozen frozen;
  calibration::Predictions predictions{.classes = set.classes(), .logits = {}, .labels = set.labels};
  predictions.logits.reserve(static_cast<std::size_t>(set.size() * set.classes()));
  data::Loader loader(set, normalization, {.batch = batch});
  for (const data::Batch& part : loader.epoch(0)) {
    const Tensor logits = network(part.images);
    TEMPER_CHECK(logits.shape() == Shape({part.images.shape()[0], set.classes()}), set.name, ": the network gives logits of the shape ",
                 logits.shape(), ", the set has ", set.classes(), " classes; use the set it was trained for");
    predictions.logits.insert(predictions.logits.end(), logits.values().begin(), logits.values().end());
  }
  return predictions;
}

calibration::Predictions predict(const Model& model, const data::Dataset& set, Index batch) {
  TEMPER_CHECK(set.image == model.spec.image, set.name, ": its images are ", set.image, ", the model ", model.network_name, " takes ",
               model.spec.image, "; use the set it was trained for");
  return predict(*model.network, set, model.normalization, batch);
}

}  // namespace temper::models
