// Calibrated probabilities as a file for other programs.
#pragma once

#include <string>

#include "models/calibration/calibrator.h"

namespace temper::app {

// (N,K), a row a sample, each summing to 1 within 1e-12. FILE.npy: float64, FILE.csv: as many digits as reading back exactly takes. Throws
// Error "--save-probabilities: ..." for another ending.
void write_probabilities(const std::string& path, const calibration::Predictions& predictions, const calibration::Calibrator& calibrator);

}  // namespace temper::app
