// Recipes and the states of runs as JSON, in the keys of run.json and of checkpoints. For sources of the library and the apps.
#pragma once

#include "core/base/json.h"
#include "models/training/recipe.h"
#include "models/training/run_state.h"

namespace temper::training {

// Without the model and the distillation, which a run keeps beside it.
Json to_json(const Recipe& recipe);
// The inverse, of any version: settings that are absent are as in Recipe{}. Throws Error naming the key of a value that is none.
Recipe read_recipe(const JsonNode& settings);

Json to_json(const RunState& state);
// The inverse; the doubles come back bit for bit. Metrics may be absent. Throws Error, or what nlohmann-json throws.
RunState run_state(const Json& json);

// 0.1f as 0.1, not as 0.10000000149011612.
double short_number(float value);

}  // namespace temper::training
