#include "models/training/image_task.h"

#include <algorithm>
#include <memory>

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

// A batch that outlives the loader's.
struct HeldBatch {
  explicit HeldBatch(const data::Batch& given)
      : batch(given),
        labels(given.labels.begin(), given.labels.end()),
        other_labels(given.other_labels.begin(), given.other_labels.end()),
        samples(given.samples.begin(), given.samples.end()) {
    batch.labels = labels;
    batch.other_labels = other_labels;
    batch.samples = samples;
  }
  HeldBatch(const HeldBatch&) = delete;
  HeldBatch& operator=(const HeldBatch&) = delete;

  data::Batch batch;
  std::vector<std::int32_t> labels, other_labels;
  std::vector<Index> samples;
};

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
    const auto forward = [&] { return pass(batch); };
    const auto keep = [&]() -> std::function<Passed()> {
      return [this, held = std::make_shared<const HeldBatch>(batch)] { return pass(held->batch); };
    };
    const Shard shard{.part = batch.part,
                      .samples = static_cast<Index>(batch.samples.size()),
                      .whole = batch.whole,
                      .forward = forward,
                      .keep = FunctionRef<std::function<Passed()>()>(keep)};
    if (!take(shard)) return;
  }
}

Passed ImageTask::pass(const data::Batch& batch) const {
  const Tensor logits = model_(batch.images);
  return {.loss = loss_(logits, batch), .correct = count_correct(logits, batch.labels)};
}

calibration::Metrics ImageTask::validate() { return calibration::metrics(predict_together(model_, val_set_, {}, ranks_)); }

std::vector<std::pair<std::string, std::string>> ImageTask::fingerprints() const {
  const auto entry = [](const data::Dataset& set) { return std::pair(concat("the images of ", set.name), set.fingerprint()); };
  return {entry(train_set_), entry(val_set_)};
}

}  // namespace temper::training
