#include "models/training/effect.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/number_text.h"
#include "models/training/optimizer.h"

namespace temper::training {
namespace {

constexpr Index kFewSteps = 100;

// Whether one of the rules that mean the parameter is 0: its rate, or the epochs in which it learns.
bool stands_still(const Parameter& parameter, const Recipe& recipe) {
  const auto stops = [&](const ParameterRule& rule) { return rule.value == 0 && rule.matches(parameter); };
  return std::ranges::any_of(recipe.learning_rate_factors, stops) || std::ranges::any_of(recipe.freeze, stops);
}

bool all_stand_still(const Recipe& recipe, const ParameterStore& store) {
  return std::ranges::all_of(store.parameters(), [&](const Parameter& parameter) {
    return parameter.kind == Parameter::Kind::buffer || stands_still(parameter, recipe);
  });
}

}  // namespace

void check_effect(const Recipe& recipe, Index steps_an_epoch) {
  const Index steps = total_steps(recipe, steps_an_epoch);
  // The average is taken every so many steps; without one, the end of the run goes back to the first weights.
  TEMPER_CHECK(recipe.lookahead_every <= steps, "--lookahead: ", recipe.lookahead_every, " steps, and the run has ", steps,
               "; give at most that, or 0 for none");
}

std::vector<std::string> doubts(const Recipe& recipe, Index steps_an_epoch, const ParameterStore& store) {
  const Index steps = total_steps(recipe, steps_an_epoch);
  const optim::Schedule schedule = make_schedule(recipe, steps_an_epoch);
  std::vector<std::string> sentences;
  if (recipe.learning_rate == 0)
    sentences.emplace_back("--lr: 0 trains nothing");
  else if (all_stand_still(recipe, store))
    sentences.emplace_back("--freeze: all parameters of the network stand still, so nothing is trained");
  if (recipe.smoothing == 1) sentences.emplace_back("--smoothing: with 1 the labels are ignored, and nothing is learned from them");
  if (schedule.kind != optim::Schedule::Kind::triangle && schedule.warm_up >= steps)
    sentences.push_back(str_cat("--warm-up: the rate rises for ", format_count(schedule.warm_up), " steps, and the run has ",
                                format_count(steps), ": it ends before it reaches --lr"));
  if (steps < kFewSteps)
    sentences.push_back(str_cat("the run has ", steps, steps == 1 ? " step" : " steps",
                                " in all, and few networks learn in that; give more --epochs, or a smaller --batch"));
  return sentences;
}

}  // namespace temper::training
