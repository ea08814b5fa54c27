#include "models/training/image_task.h"

#include <algorithm>

#include "models/training/together.h"

namespace temper::training {
namespace {

Index count_correct(const Tensor& logits, std::span<const std::int32_t> labels) {
  const Index K = logits.shape().last();
  Index correct = 0;
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const float* row = logits.data() + static_cast<Index>(n) * K;
    correct += std::max_element(row, row + K) - row == labels[n];
  }
  return correct;
}

}  // namespace

ImageTask::ImageTask(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set, const Recipe& recipe,
                     Loss loss, optim::Communicator& ranks)
    : model_(model),
      train_set_(train_set),
      val_set_(val_set),
      loss_(std::move(loss)),
      ranks_(ranks),
      sharding_(training::sharding(recipe, ranks)),
      loader_(train_set, model.preprocessing,
              {.batch = recipe.batch,
               .shuffle = true,
               .augment = recipe.augment,
               .seed = recipe.seed,
               .companions = loss_.companions(),
               .parts = sharding_.shards,
               .first_part = sharding_.own.begin,
               .end_part = sharding_.own.end,
               .mixup = recipe.mixup}) {}

void ImageTask::epoch(Index epoch, Index first_batch, FunctionRef<bool(const Shard&)> take) {
  for (const data::Batch& batch : loader_.epoch(epoch, first_batch)) {
    const auto forward = [&] {
      const Tensor logits = model_(batch.images);
      return Passed{.loss = loss_(logits, batch), .correct = count_correct(logits, batch.labels)};
    };
    const Shard shard{.part = batch.part, .samples = static_cast<Index>(batch.samples.size()), .whole = batch.whole, .forward = forward};
    if (!take(shard)) return;
  }
}

calibration::Metrics ImageTask::validate() { return calibration::metrics(predict_together(model_, val_set_, {}, ranks_)); }

std::vector<std::pair<std::string, std::string>> ImageTask::fingerprints() const {
  return {{"the training images", train_set_.fingerprint()}, {"the validation images", val_set_.fingerprint()}};
}

}  // namespace temper::training
