// Recipes by name, as texts that a configuration file could hold.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/training/recipe.h"

namespace temper::training {

struct NamedRecipe {
  std::string_view name;         // "fast-resnet"
  std::string_view description;  // one line
  std::string_view text;         // TOML, for read_recipe; what it does not say is as in Recipe{}
};
const std::vector<NamedRecipe>& named_recipes();

// Throws Error "--recipe: ..." for an unknown name, listing those that are known.
const NamedRecipe& named_recipe(std::string_view name);
Recipe to_recipe(const NamedRecipe& named);

// Whether the recipe is one for `temper distill`: it says how a teacher is to be followed.
bool needs_teacher(const NamedRecipe& named);

}  // namespace temper::training
