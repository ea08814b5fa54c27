// The record of a run as JSON, in the keys of run.json. The inverses read files of any version and throw Error naming the key. For sources
// of the library and the apps.
#pragma once

#include <functional>
#include <string>

#include "core/base/json.h"
#include "models/runs/run.h"

namespace temper::runs {

// model: what run.json says of its model, behind the settings.
Json to_json(const Run& run, const Json& model);
Run read_run(const JsonNode& node);

// Writes run.json. Fills in when and on what machine the run was made.
void write_run_json(const std::string& folder, Run& run, const Json& model);
// Reads run.json, and what it says of the model with it.
Run read_run_json(const std::string& folder, const std::function<void(const JsonNode& node, const Run& run)>& read_model);

Json to_json(const translation::Score& score);
translation::Score read_score(const JsonNode& node);  // without the counts of n-grams

}  // namespace temper::runs
