// The state of every optimizer: flat arenas in the layout of ParameterStore::values(), the number of steps, and the code that all steps
// share.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/parallel.h"
#include "core/engine/parameters.h"

namespace temper::optim {

// A named flat arena, for checkpoints: value i belongs to ParameterStore::values()[i].
struct StateArena {
  std::string_view name;
  std::span<float> values;
};

class OptimizerState {
 public:
  using Update = FunctionRef<void(const ParameterStore::Group& group, Index begin, Index end)>;

  // Allocates an arena of zeros for each name; names are literals. Throws Error unless the store is committed. The store must outlive the
  // state.
  OptimizerState(ParameterStore& store, const std::vector<std::string_view>& names);

  // Sets unwritten gradients to 0, calls update for ranges [begin, end) of the flat arenas on all threads, and counts the step. Throws
  // Error before any change when the rate or the scale is not a finite number >= 0.
  void step(float learning_rate, double gradient_scale, Update update);

  const std::vector<StateArena>& arenas() const { return arenas_; }
  float* arena(std::size_t i) const { return arenas_[i].values.data(); }
  const ParameterStore& store() const { return *store_; }
  Index steps() const { return steps_; }
  void set_steps(Index steps);
  const std::vector<std::string>& untouched() const { return untouched_; }

 private:
  ParameterStore* store_;
  Buffer memory_;
  std::vector<StateArena> arenas_;
  std::vector<std::string> untouched_;
  Index steps_ = 0;
};

// The weight decay of a group: weights always decay, normalisation parameters and biases only if decay_norm_and_bias.
inline double group_decay(const ParameterStore::Group& group, double weight_decay, bool decay_norm_and_bias) {
  const bool decays = group.kind == Parameter::Kind::weight || decay_norm_and_bias;
  return decays ? weight_decay * static_cast<double>(group.decay_factor) : 0.0;
}

}  // namespace temper::optim
