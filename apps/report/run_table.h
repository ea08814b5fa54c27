// The table of runs.
#pragma once

#include <span>
#include <string>

#include "models/runs/run.h"

namespace temper::report {

// One row a run, the best values of the runs that share their test images marked. On a narrow screen every row becomes a card.
std::string run_table(std::span<const runs::Run> runs);

// How a fit ended, in words for people: "at its lower bound", ...
std::string status_in_words(calibration::Status status);

}  // namespace temper::report
