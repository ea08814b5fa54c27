// Recipes as TOML text: "key = value" lines with the keys of models/training/settings.h.
#pragma once

#include <string>
#include <string_view>

#include "models/training/recipe.h"

namespace temper::training {

// Sets what `text` says, and only that. Throws Error "<source>: line 3: ..." for text that is no TOML, a key that is no setting, naming
// those that are, and a value of the wrong kind; `recipe` is then as before. Whether the values make sense together is for Recipe::check.
// Returns the keys that were set.
std::vector<std::string> read_recipe(std::string_view text, const std::string& source, Recipe& recipe);

// All settings that apply to its network, with a word on each: read_recipe of it gives the same recipe. Those of distillation only when
// asked for.
std::string write_recipe(const Recipe& recipe, bool with_distillation);

}  // namespace temper::training
