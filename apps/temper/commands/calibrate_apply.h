// `temper calibrate --apply`: a calibrator that was stored, on new logits.
#pragma once

#include <string>

#include "models/calibration/study/prediction_files.h"

namespace temper::app {

struct Application {
  std::string calibrator;              // a calibrator.json, or the folder that holds one
  calibration::PredictionFiles files;  // labels may be missing
  std::string save_probabilities;      // FILE.npy or FILE.csv; empty: none
  bool json = false;
};

// Writes the calibrated probabilities and, where there are labels, prints every metric before and after. Throws Error for a calibrator that
// is missing, damaged, or of another number of classes, and as read_predictions; then nothing is written.
void apply_calibrator(const Application& application);

}  // namespace temper::app
