// Averages of weights along a training run: smoother than the last ones, and better, as a lower learning rate would make them.
#pragma once

#include <span>

#include "core/engine/parameters.h"

namespace temper::optim {

// One average of all values of a store, including running statistics, which must match the averaged weights.
class WeightAverage {
 public:
  // Starts with the current values. Keeps a reference to the store. Allocates all its memory. Throws Error unless the store is committed.
  explicit WeightAverage(ParameterStore& store);

  // average <- decay average + (1 - decay) values. requires: 0 <= decay <= 1; throws else.
  void update(double decay);
  // values <- average.
  void copy_back();
  // values <-> average: evaluate with the average, then exchange again and continue training.
  void exchange();

  // In the layout of ParameterStore::all_values(), for checkpoints.
  std::span<float> values() { return {average_, static_cast<std::size_t>(size_)}; }

 private:
  ParameterStore* store_;
  Buffer memory_;
  float* average_;
  Index size_;
};

// The decay of an exponential moving average after update `step` = 1, 2, ...: min(decay, (1 + step) / (10 + step)), so that the first steps
// do not keep the random start. As TensorFlow's ExponentialMovingAverage with num_updates.
double moving_average_decay(Index step, double decay);

// The decay of lookahead averaging after `step` of `total` steps, when it is done every `every` steps: decay^every (step / total)^3. It
// starts as no average at all and ends as a slow one. Zhang et al., "Lookahead optimizer", NeurIPS 2019, with Jordan's schedule ("94% on
// CIFAR-10 in 3.29 seconds on a single GPU", 2024; decay 0.95, every 5).
double lookahead_decay(Index step, Index total, Index every, double decay);

}  // namespace temper::optim
