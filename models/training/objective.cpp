#include "models/training/objective.h"

#include "models/calibration/softmax.h"

namespace temper::training {

Sharding sharding(const Recipe& recipe, const optim::Communicator& ranks) {
  const Index shards = recipe.shards > 0 ? recipe.shards : ranks.size();
  return {shards, cut_range(shards, ranks.rank(), ranks.size())};
}

Index count_correct(const Tensor& logits, std::span<const std::int32_t> labels) {
  const auto K = static_cast<std::size_t>(logits.shape().last());
  Index correct = 0;
  for (std::size_t n = 0; n < labels.size(); ++n)
    correct += calibration::argmax(std::span<const float>(logits.data() + n * K, K)) == labels[n] ? 1 : 0;
  return correct;
}

}  // namespace temper::training
