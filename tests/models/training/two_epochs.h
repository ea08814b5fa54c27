// A short training on digits, and what it left.
#pragma once

#include <vector>

#include "models/networks/model.h"
#include "models/training/recipe.h"

namespace temper::training {

inline Recipe two_epochs() {
  Recipe recipe = Recipe::for_data("digits");
  recipe.epochs = 2;
  return recipe;
}

inline std::vector<float> values(const models::Model& model) {
  return {model.parameters->all_values().begin(), model.parameters->all_values().end()};
}

}  // namespace temper::training
