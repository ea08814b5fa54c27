// Reads data for a command, with progress and with word of what was left out.
#pragma once

#include <string>

#include "data/dataset.h"
#include "models/training/run.h"

namespace temper::app {

data::Splits load_data(const std::string& spec, data::LoadOptions options);

// How the data of a run, or others for its model, are read for evaluation: its division, its classes, and photos framed as for it.
data::LoadOptions options_of(const training::LoadedRun& run);

// "3 hidden, 1 foreign (such as DIR/notes.txt)"; empty when nothing was left out.
std::string describe(const data::SkippedFiles& skipped);

}  // namespace temper::app
