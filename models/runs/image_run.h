// A run that classifies images, with its model.
#pragma once

#include <string>

#include "models/networks/model.h"
#include "models/runs/run_file.h"

namespace temper::runs {

struct ImageRun {
  Run run;  // run.json and calibrator.json
  models::Model model;
};

// Writes the weights, classes.json where the run has a class record, then run.json. Fills in how many parameters the model has, and when
// and on what machine the run was made.
void save_run(const std::string& folder, const models::Model& model, Run& run);

// Everything is checked; throws Error naming the file and what is wrong.
ImageRun load_image_run(const std::string& folder, const LoadOptions& options = {});

}  // namespace temper::runs
