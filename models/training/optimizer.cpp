#include "models/training/optimizer.h"

#include <algorithm>
#include <cmath>

#include "core/base/names.h"
#include "optim/adamw.h"
#include "optim/sgd.h"

namespace temper::training {
namespace {

// How much larger the steps of SGD with Nesterov momentum are than the gradients, when these stay the same: 1 + 1 / (1 - momentum). With
// hyperparameters that are decoupled from it, and from the batch, the momentum can be changed without the others (Jordan 2024, appendix).
double step_scale(const Recipe& recipe) { return static_cast<double>(recipe.batch) / 1024 / (1 + 1 / (1 - recipe.momentum)); }

double learning_rate(const Recipe& recipe) { return recipe.learning_rate * (recipe.decoupled ? step_scale(recipe) : 1); }

// Decoupled, it is the part of the weights that decays in 1,024 images; the optimizer multiplies it by the learning rate.
double weight_decay(const Recipe& recipe) {
  if (!recipe.decoupled || recipe.learning_rate == 0) return recipe.weight_decay;
  return recipe.weight_decay / static_cast<double>(recipe.learning_rate);
}

std::unique_ptr<optim::Optimizer> make_sgd(ParameterStore& store, const Recipe& recipe) {
  return std::make_unique<optim::Sgd>(store, optim::SgdOptions{.momentum = recipe.momentum,
                                                               .dampening = recipe.dampening,
                                                               .nesterov = recipe.nesterov && recipe.momentum > 0,
                                                               .weight_decay = weight_decay(recipe),
                                                               .decay_norm_and_bias = recipe.decay_norm_and_bias});
}

void check_sgd(const Recipe& recipe) {
  TEMPER_CHECK(!recipe.nesterov || recipe.momentum == 0 || recipe.dampening == 0, "--dampening: ", recipe.dampening,
               " is not allowed; Nesterov momentum has none: add --no-nesterov");
}

std::unique_ptr<optim::Optimizer> make_adamw(ParameterStore& store, const Recipe& recipe) {
  return std::make_unique<optim::AdamW>(store, optim::AdamWOptions{.beta1 = recipe.beta1,
                                                                   .beta2 = recipe.beta2,
                                                                   .epsilon = recipe.epsilon,
                                                                   .weight_decay = recipe.weight_decay,
                                                                   .decay_norm_and_bias = recipe.decay_norm_and_bias});
}

void check_not_decoupled(const Recipe& recipe) {
  TEMPER_CHECK(!recipe.decoupled, "--decoupled: ", recipe.optimizer, " is not allowed; it is for sgd: add --no-decoupled");
}

}  // namespace

const std::vector<OptimizerKind>& optimizer_kinds() {
  static const std::vector<OptimizerKind> all{
      {"sgd", make_sgd, check_sgd},
      {"adamw", make_adamw, check_not_decoupled},
  };
  return all;
}

const OptimizerKind& find_optimizer(std::string_view name) {
  const auto found = std::ranges::find(optimizer_kinds(), name, &OptimizerKind::name);
  TEMPER_CHECK(found != optimizer_kinds().end(), name, " is not known; ", did_you_mean(name, optimizer_kinds(), &OptimizerKind::name),
               "give ", list_optimizers());
  return *found;
}

std::string list_optimizers() {
  std::vector<std::string> names;
  for (const OptimizerKind& kind : optimizer_kinds()) names.push_back(kind.name);
  return list_names(names);
}

std::unique_ptr<optim::Optimizer> make_optimizer(ParameterStore& store, const Recipe& recipe) {
  return find_optimizer(recipe.optimizer).make(store, recipe);
}

Index total_steps(const Recipe& recipe, Index steps_an_epoch) { return recipe.steps > 0 ? recipe.steps : recipe.epochs * steps_an_epoch; }

optim::Schedule make_schedule(const Recipe& recipe, Index steps_an_epoch) {
  const auto steps = [&](float epochs) { return static_cast<Index>(std::lround(epochs * static_cast<float>(steps_an_epoch))); };
  optim::Schedule schedule{.kind = recipe.schedule,
                           .base = learning_rate(recipe),
                           .total = total_steps(recipe, steps_an_epoch),
                           .milestones = recipe.milestone_steps,
                           .factor = recipe.milestone_factor,
                           .warm_up = recipe.warm_up_steps > 0 ? recipe.warm_up_steps : steps(recipe.warm_up_epochs),
                           .shape = recipe.triangle};
  for (const float milestone : recipe.milestones) schedule.milestones.push_back(steps(milestone));
  return schedule;
}

Averaging::Averaging(ParameterStore& store, const Recipe& recipe, Index total_steps)
    : ema_decay_(recipe.ema_decay),
      lookahead_decay_(recipe.lookahead_decay),
      lookahead_every_(recipe.lookahead_every),
      total_steps_(total_steps) {
  if (ema_decay_ > 0) ema_.emplace(store);
  if (lookahead_every_ > 0) lookahead_.emplace(store);
}

void Averaging::after_step(Index steps_done) {
  if (lookahead_ && steps_done % lookahead_every_ == 0) {
    lookahead_->update(optim::lookahead_decay(steps_done, total_steps_, lookahead_every_, lookahead_decay_));
    lookahead_->copy_back();
  }
  if (lookahead_ && steps_done == total_steps_) lookahead_->copy_back();
  if (ema_) ema_->update(optim::moving_average_decay(steps_done, ema_decay_));
}

void Averaging::exchange() {
  if (ema_) ema_->exchange();
}

std::vector<optim::StateArena> Averaging::state() {
  std::vector<optim::StateArena> arenas;
  if (ema_) arenas.push_back({"ema", ema_->values()});
  if (lookahead_) arenas.push_back({"lookahead", lookahead_->values()});
  return arenas;
}

}  // namespace temper::training
