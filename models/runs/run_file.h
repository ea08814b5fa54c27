// Reads the record of a run. Files of an older version lack keys, those of a newer one have more: both are read. Throws Error naming the
// file and the key for what cannot be: a value of another type or out of its range, or no word of the data and the model.
#pragma once

#include <string>

#include "models/runs/run.h"

namespace temper::runs {

// run.json, and log.csv, calibrator.json and classes.json where they exist.
Run read_run(const std::string& folder);

// run.json alone.
Run read_run_json(const std::string& folder);

// calibrator.json, where it exists: of a model of so many classes; 0: of any; and fitted on the run's weights, where these are known.
void read_calibration(const std::string& folder, Index classes, Run& run);

struct LoadOptions {
  bool with_calibrator = true;  // false: also with an unreadable calibrator.json, for code that replaces it
};

// Whether it is a run that translates; false also when it is none at all.
bool is_translation_run(const std::string& folder);

}  // namespace temper::runs
