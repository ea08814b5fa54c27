// The proper scores among the metrics: those whose expected value is least for the true probabilities and for no others (Gneiting &
// Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", JASA 2007). Only such a score can decide between calibrators.
#pragma once

#include <string_view>

#include "models/calibration/metrics/metrics.h"

namespace temper::calibration {

enum class ProperScore { nll, brier };

double evaluate(ProperScore score, const Metrics& metrics);
std::string_view name(ProperScore score);  // "NLL", "Brier score"

}  // namespace temper::calibration
