// A network learns to classify images.
#pragma once

#include "data/loader.h"
#include "models/model.h"
#include "models/training/loss.h"
#include "models/training/task.h"

namespace temper::training {

class ImageTask final : public Task {
 public:
  // Keeps references to all but the loss.
  ImageTask(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set, const Recipe& recipe, Loss loss,
            optim::Communicator& ranks);

  ParameterStore& parameters() const override { return *model_.parameters; }
  std::string unit() const override { return "images"; }
  Index batches() const override { return loader_.batches(); }
  Sharding sharding() const override { return sharding_; }
  void epoch(Index epoch, Index first_batch, FunctionRef<bool(const Shard&)> take) override;
  calibration::Metrics validate() override;
  std::vector<std::pair<std::string, std::string>> fingerprints() const override;

 private:
  Passed pass(const data::Batch& batch) const;

  const models::Model& model_;
  const data::Dataset &train_set_, &val_set_;
  const Loss loss_;
  optim::Communicator& ranks_;
  const Sharding sharding_;
  data::Loader loader_;
};

}  // namespace temper::training
