// Recipes, runs and their states as JSON, in the keys of the command line's contract. The inverses throw Error or what nlohmann-json
// throws. For sources of the library and the apps.
#pragma once

#include "core/json.h"
#include "models/training/calibration_record.h"
#include "models/training/recipe.h"
#include "models/training/run.h"
#include "models/training/run_state.h"

namespace temper::training {

Json to_json(const RunState& state);  // the doubles come back bit for bit
RunState run_state(const Json& json);
Json to_json(const Recipe& recipe);                          // without the model and the distillation, which a run keeps beside it
Json to_json(const calibration::CalibrationRecord& record);  // calibrator.json

// run.json: what is known of every run, with the keys of `description`, how its kind of model reads and writes, behind the settings.
Json run_json(const RunRecord& record, const Json& description);

// The recipe with what a run's settings say; what they lack is as in Recipe{}. Throws for values that are none.
Recipe recipe_of(const Json& settings);

// 0.1f as 0.1, not as 0.10000000149011612.
double short_number(float value);

}  // namespace temper::training
