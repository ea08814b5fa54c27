// Which data a calibrator was fitted on.
#pragma once

#include <string>

#include "models/calibration/predictions.h"

namespace temper::calibration {

// A number that tells whether two sets of predictions are the same, bit for bit and in order: "fnv1a64:0123456789abcdef".
std::string data_hash(const Predictions& predictions);

}  // namespace temper::calibration
