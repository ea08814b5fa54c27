// Metrics as a person at a terminal reads them.
#pragma once

#include <string>
#include <vector>

#include "models/calibration/metrics/metrics.h"
#include "models/calibration/study/evaluation.h"

namespace temper::app {

// "97.35 %" of a metric in percent, "0.0413" of others, "-" where it was not measured.
std::string metric_text(const calibration::Metric& metric, const calibration::Metrics& metrics);

// The same, with the interval of a metric that has one: "0.0413 [0.0406, 0.0420]"; and the heading that goes with it.
std::string metric_text(const calibration::Metric& metric, const calibration::Assessment& assessment);
std::string heading_with_interval(const calibration::Metric& metric);

// Those that are shown where no more than `most` are.
std::vector<calibration::Metric> metrics_shown(calibration::Metric::Shown most);

// "accuracy 97.35 %, NLL 0.1012, ...", the most important ones.
std::string metrics_line(const calibration::Metrics& metrics);

// All of them, a line each.
std::string metrics_lines(const calibration::Metrics& metrics);

}  // namespace temper::app
