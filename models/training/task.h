// What a training run learns, as its loop (trainer.h) sees it: the batches of an epoch, what the network loses on them, and how it does on
// validation data. Images (image_task.h) and sentences (models/translation/task.h) are learned by one loop.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/function_ref.h"
#include "core/parameters.h"
#include "core/range.h"
#include "models/calibration/metrics.h"
#include "models/training/recipe.h"
#include "optim/communicator.h"

namespace temper::training {

// Into how many shards batches are cut, and which of them this rank learns: see optim/gradient_sync.h.
struct Sharding {
  Index shards = 1;
  Range own = {0, 1};
};
Sharding sharding(const Recipe& recipe, const optim::Communicator& ranks);

// What a forward pass came to, recorded by the tape that lives.
struct Passed {
  Tensor loss;  // the mean over the samples
  Index correct = 0;
};

// A shard of a batch. A sample is what the loss is the mean of: an image, or a word.
struct Shard {
  Index part = 0;     // its number in the batch
  Index samples = 0;  // may be 0
  Index whole = 0;    // samples of the batch
  FunctionRef<Passed()> forward;
  // The same for later, with copies of what it needs. A task without batch normalisation, whose shards meet nowhere, has none.
  std::optional<FunctionRef<std::function<Passed()>()>> keep = {};

  double share() const { return static_cast<double>(samples) / static_cast<double>(whole); }
};

class Task {
 public:
  virtual ~Task() = default;

  virtual ParameterStore& parameters() const = 0;
  virtual std::string unit() const = 0;   // of the samples: "images"
  virtual Index batches() const = 0;      // of an epoch
  virtual Sharding sharding() const = 0;  // as epoch() cuts them

  // Shows this rank's shards of the batches first_batch, first_batch + 1, ... of an epoch, in their order, until `take` returns false. The
  // same in every run of the same recipe.
  virtual void epoch(Index epoch, Index first_batch, FunctionRef<bool(const Shard&)> take) = 0;

  // On the validation data: plain, never smoothed, at temperature 1. All ranks call it and get the same.
  virtual calibration::Metrics validate() = 0;

  // What all ranks must have in common: {"the training images", their fingerprint}, ...
  virtual std::vector<std::pair<std::string, std::string>> fingerprints() const = 0;
};

}  // namespace temper::training
