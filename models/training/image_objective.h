// The task of classifying images.
#pragma once

#include "data/loader.h"
#include "models/networks/model.h"
#include "models/training/loss.h"
#include "models/training/objective.h"

namespace temper::training {

class ImageObjective final : public Objective {
 public:
  // Keeps references to all but the loss.
  ImageObjective(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set, const Recipe& recipe, Loss loss,
                 optim::Communicator& ranks);

  ParameterStore& parameters() const override { return *model_.parameters; }
  std::string unit() const override { return "images"; }
  Index batches() const override { return loader_.batches(); }
  Sharding sharding() const override { return sharding_; }
  void begin_epoch(Index epoch, Index first_batch) override { loader_.begin_epoch(epoch, first_batch); }
  const Shard* next_shard() override;
  ForwardResult forward(const Shard& shard) override;
  calibration::Metrics validate() override;
  std::vector<std::pair<std::string, std::string>> fingerprints() const override;

 private:
  struct Held {
    Shard shard;
    data::Batch batch;
  };
  Held& held(Index shard) { return held_[static_cast<std::size_t>(shard - sharding_.own.begin)]; }

  const models::Model& model_;
  const data::Dataset &train_set_, &val_set_;
  const Loss loss_;
  optim::Communicator& ranks_;
  const Sharding sharding_;
  data::Loader loader_;
  std::vector<Held> held_;  // own shards of the current batch
};

}  // namespace temper::training
