// Selects the weights of a run: the last ones, or those of the best epoch on the validation images. Such a selection biases the accuracy
// and the NLL on those images; the test images are not affected.
#pragma once

#include <optional>
#include <vector>

#include "models/training/recipe.h"
#include "models/training/run_state.h"
#include "optim/average.h"
#include "optim/state.h"

namespace temper::training {

// The place in `epochs` of the one whose weights are kept; the first of equals. requires: one epoch or more.
std::size_t kept_epoch(const std::vector<EpochRecord>& epochs, Recipe::Keep keep);

// Whether the validation NLL has not fallen for `patience` epochs; never where that is 0.
bool out_of_patience(const std::vector<EpochRecord>& epochs, Index patience);

class BestWeights {
 public:
  // Allocates a copy of all values, unless the last are kept.
  BestWeights(ParameterStore& store, Recipe::Keep keep);

  // After each epoch, while the store holds the weights that epochs.back() was evaluated with.
  void after_epoch(const std::vector<EpochRecord>& epochs);
  // Sets the store's values to the selected weights. requires: an epoch.
  void copy_back();
  // For checkpoints: "best", in the layout of ParameterStore::all_values(), where it is kept.
  std::vector<optim::StateArena> state();

 private:
  Recipe::Keep keep_;
  std::optional<optim::WeightAverage> best_;
};

}  // namespace temper::training
