// Calibrated probabilities as a file for other programs.
#pragma once

#include <string>

#include "models/calibration/calibrator.h"

namespace temper::app {

// Whether the ending is one of those below.
bool is_probability_file(const std::string& path);

// (N,K), a row a sample, each summing to 1 within 1e-12. FILE.npy: float64, FILE.csv: as many digits as reading back exactly takes.
void write_probabilities(const std::string& path, const calibration::Predictions& predictions, const calibration::Calibrator& calibrator);

}  // namespace temper::app
