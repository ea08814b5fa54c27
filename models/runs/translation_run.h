// A run that translates, with its model.
#pragma once

#include <string>

#include "models/runs/run_file.h"
#include "models/translation/model.h"

namespace temper::runs {

struct TranslationRun {
  Run run;  // run.json and calibrator.json
  translation::Model model;
};

// Writes the subwords and the weights, then run.json. requires: run.score. Fills in how many parameters the model has, and when and on
// what machine the run was made.
void save_run(const std::string& folder, const translation::Model& model, Run& run);

// Everything is checked; throws Error naming the file and what is wrong.
TranslationRun load_translation_run(const std::string& folder, const LoadOptions& options = {});

}  // namespace temper::runs
