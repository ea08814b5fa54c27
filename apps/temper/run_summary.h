// What `train`, `distill` and `convert` say of a run in the end.
#pragma once

#include <string>

#include "core/json.h"
#include "models/calibration/metrics.h"

namespace temper::app {

// What is known of the run, and behind it the metrics of the test split, which are not calibrated, and those of the validation split.
Json with_metrics(Json known, const calibration::Metrics& val, const calibration::Metrics& test);

// A line a split, and what to do next.
void print_metrics(const std::string& run, const calibration::Metrics& val, const calibration::Metrics& test);

}  // namespace temper::app
