// What a training minimises, as its loop (trainer.h) sees it: the batches of an epoch, the loss of each, and how the network does on
// validation data. One loop trains classifiers of images (image_objective.h) and translators (models/translation/objective.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/range.h"
#include "core/engine/parameters.h"
#include "models/calibration/metrics/metrics.h"
#include "models/training/recipe.h"
#include "optim/distributed/communicator.h"

namespace temper::training {

// Into how many shards batches are cut, and which of them this rank learns: see optim/distributed/gradient_sync.h.
struct Sharding {
  Index shards = 1;
  Range own = {0, 1};
};
Sharding sharding(const Recipe& recipe, const optim::Communicator& ranks);

// A batch, or the part of it that is computed at a time. A sample is what the loss is the mean of: an image, or a word.
struct Shard {
  Index number = 0;         // in its batch
  Index samples = 0;        // may be 0
  Index batch_samples = 0;  // of all shards of the batch

  double share() const { return static_cast<double>(samples) / static_cast<double>(batch_samples); }
};

// The outcome of a forward pass, recorded by the tape that is alive.
struct ForwardResult {
  Tensor loss;  // the mean over the samples
  Index correct = 0;
};

// How many of the (N,K) logits have their first largest at the label.
Index count_correct(const Tensor& logits, std::span<const std::int32_t> labels);

class Objective {
 public:
  virtual ~Objective() = default;

  virtual ParameterStore& parameters() const = 0;
  virtual std::string unit() const = 0;   // of the samples: "images"
  virtual Index batches() const = 0;      // in an epoch
  virtual Sharding sharding() const = 0;  // of each batch

  // Starts an epoch at one of its batches. The batches of an epoch are the same in every run of the same recipe.
  virtual void begin_epoch(Index epoch, Index first_batch) = 0;
  // This rank's next shard, in the order of batches and shards; null at the end of the epoch. It, and the data that forward() reads for it,
  // stay valid until the first shard of another batch is asked for.
  virtual const Shard* next_shard() = 0;
  // The loss on one of the shards that are valid. Several threads may call it at a time, for different shards.
  virtual ForwardResult forward(const Shard& shard) = 0;

  // On the validation data: plain, never smoothed, at temperature 1. All ranks call it and get the same.
  virtual calibration::Metrics validate() = 0;

  // What all ranks must have in common: {"the training images", their fingerprint}, ...
  virtual std::vector<std::pair<std::string, std::string>> fingerprints() const = 0;
};

}  // namespace temper::training
