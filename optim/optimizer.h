// What all optimizers have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "optim/state.h"

namespace temper::optim {

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // Moves the learned parameters once. Takes g gradient_scale for the gradient: optim/clip.h. Throws, before any change, when the rate or
  // the scale is not a finite number >= 0.
  void step(float learning_rate, double gradient_scale = 1) { update(learning_rate, gradient_scale); }

  // The parameters that got no gradient before the last step. They do not learn: warn when there are any.
  const std::vector<std::string>& untouched() const { return state_.untouched(); }
  // For checkpoints: the arenas that the optimizer keeps, by name. To resume, fill them and set the number of steps.
  const std::vector<StateArena>& state() { return state_.arenas(); }
  Index steps() const { return state_.steps(); }
  void set_steps(Index steps) { state_.set_steps(steps); }

 protected:
  // Throws for a store that is not committed. Keeps a reference to the store, and an arena of zeros for each name, which are literals.
  Optimizer(ParameterStore& store, const std::vector<std::string_view>& arenas) : state_(store, arenas) {}

  // One step by the optimizer's rule, as a call of state_.step.
  virtual void update(float learning_rate, double gradient_scale) = 0;

  OptimizerState state_;
};

}  // namespace temper::optim
