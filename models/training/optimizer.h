// Makes the optimizers, schedules and averages of optim/ that a recipe asks for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "models/training/recipe.h"
#include "optim/average.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace temper::training {

// An optimizer by its name in recipes. A new one is a class of optim/ and a line of the list in optimizer.cpp.
struct OptimizerKind {
  std::string name;  // "adamw"
  std::unique_ptr<optim::Optimizer> (*make)(ParameterStore& store, const Recipe& recipe);
  // Throws Error "--option: ..." for settings that are not for this optimizer, or do not go together.
  void (*check)(const Recipe& recipe);
};
const std::vector<OptimizerKind>& optimizer_kinds();
// Throws Error, listing the known ones, for an unknown name.
const OptimizerKind& find_optimizer(std::string_view name);
std::string list_optimizers();  // "sgd or adamw"

std::unique_ptr<optim::Optimizer> make_optimizer(ParameterStore& store, const Recipe& recipe);

// Steps of the whole run.
Index total_steps(const Recipe& recipe, Index steps_an_epoch);
optim::Schedule make_schedule(const Recipe& recipe, Index steps_an_epoch);

// The averages of weights that a recipe keeps: an exponential moving average, which is the model in the end, and lookahead, which the
// training itself returns to every few steps.
class Averaging {
 public:
  Averaging(ParameterStore& store, const Recipe& recipe, Index total_steps);

  // After the optimizer has done steps_done = 1, 2, ... steps. Lookahead ends the run on its average.
  void after_step(Index steps_done);
  // Swaps the weights with those of the moving average; a second call swaps them back. Does nothing without one.
  void exchange();
  // For checkpoints: "ema" and "lookahead", those that the recipe has, in the layout of ParameterStore::all_values().
  std::vector<optim::StateArena> state();

 private:
  double ema_decay_, lookahead_decay_;
  Index lookahead_every_, total_steps_;
  std::optional<optim::WeightAverage> ema_, lookahead_;
};

}  // namespace temper::training
