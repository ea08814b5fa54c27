// What `temper calibrate` does with predictions: the trial of a calibrator and everything that is told about it.
#pragma once

#include <string>
#include <vector>

#include "models/training/calibration_record.h"

namespace temper::app {

struct CalibrationSettings {
  std::vector<const calibration::CalibratorKind*> kinds;  // tried; the first is kept, or the best of several
  calibration::TrialOptions trial = {};
  double coverage = 0.9;  // wanted of the conformal sets
};

struct CalibrationOutcome {
  std::string unit = "images";             // that a run was measured on, or "words"
  training::CalibrationRecord record;      // of the method that is kept
  std::vector<calibration::Trial> trials;  // of every kind, in their order
};

// A run: fitted on its validation split, measured on its test split.
CalibrationOutcome calibrate_run(const calibration::Predictions& val, const calibration::Predictions& test,
                                 const CalibrationSettings& settings);

// Rows that are neither: fitted on all, measured out of fold.
CalibrationOutcome calibrate_rows(const calibration::Predictions& data, const CalibrationSettings& settings);

}  // namespace temper::app
