// Whether a recipe does anything to a network: settings that are right one by one, and train nothing together.
#pragma once

#include <string>
#include <vector>

#include "core/engine/parameters.h"
#include "models/training/recipe.h"

namespace temper::training {

// Throws Error "--option: ..." for a run that would end with the weights it began with.
void check_effect(const Recipe& recipe, Index steps_an_epoch);

// A sentence on each setting with which little or nothing is learned: "--lr: 0 trains nothing". After ParameterFactors, which know that
// the rules mean parameters that there are.
std::vector<std::string> doubts(const Recipe& recipe, Index steps_an_epoch, const ParameterStore& store);

}  // namespace temper::training
