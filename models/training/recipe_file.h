// Recipes as TOML text: "key = value" lines with the keys of models/training/settings.h.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/training/recipe.h"

namespace temper::training {

// Lists for settings that are one number or one name, as smoothing = [0, 0.1]: key and values, in the order of the text.
using SettingLists = std::vector<std::pair<std::string, std::vector<std::string>>>;

// Sets what `text` says, and only that. Throws Error "<source>: line 3: ..." for text that is no TOML, a key that is no setting, naming
// those that are, and a value of the wrong kind; `recipe` is then as before. Whether the values make sense together is for Recipe::check.
// Returns the keys that were set. lists: takes lists for a sweep, which set nothing; where it is null, they are values of the wrong kind.
std::vector<std::string> read_recipe(std::string_view text, const std::string& source, Recipe& recipe, SettingLists* lists = nullptr);

// All settings that apply to its network, with a word on each: read_recipe of it gives the same recipe. Those of distillation only when
// asked for.
std::string write_recipe(const Recipe& recipe, bool with_distillation);

struct Setting;
// "smoothing = 0.1"
std::string setting_text(const Setting& setting, const Recipe& recipe);

}  // namespace temper::training
