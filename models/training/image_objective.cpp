#include "models/training/image_objective.h"

#include "models/training/distributed_predict.h"

namespace temper::training {
ImageObjective::ImageObjective(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set,
                               const Recipe& recipe, Loss loss, optim::Communicator& ranks)
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
               .extra_preprocessing = loss_.extra_preprocessing(),
               .shards = sharding_.shards,
               .own_shards = sharding_.own,
               .mixup = recipe.mixup}),
      held_(static_cast<std::size_t>(sharding_.own.size())) {}

const Shard* ImageObjective::next_shard() {
  const data::Batch* batch = loader_.next();
  if (!batch) return nullptr;
  Held& next = held(batch->shard);
  next.batch = *batch;
  next.shard = {.number = batch->shard, .samples = static_cast<Index>(batch->samples.size()), .batch_samples = batch->batch_size};
  return &next.shard;
}

ForwardResult ImageObjective::forward(const Shard& shard) {
  const data::Batch& batch = held(shard.number).batch;
  const Tensor logits = model_(batch.images);
  return {.loss = loss_(logits, batch), .correct = count_correct(logits, batch.labels)};
}

calibration::Metrics ImageObjective::validate() { return calibration::metrics(distributed_predict(model_, val_set_, {}, ranks_)); }

std::vector<std::pair<std::string, std::string>> ImageObjective::fingerprints() const {
  const auto entry = [](const data::Dataset& set) { return std::pair(str_cat("the images of ", set.name), set.fingerprint()); };
  return {entry(train_set_), entry(val_set_)};
}

}  // namespace temper::training
