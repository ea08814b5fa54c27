// A whole calibration: candidates are fitted and one is chosen, and all that is reported about the choice is measured, on data that took no
// part in it.
#pragma once

#include <vector>

#include "models/calibration/study/calibration_record.h"

namespace temper::calibration {

struct CalibrationSettings {
  std::vector<const CalibratorKind*> kinds;  // the candidates, at least one
  EvaluationOptions evaluation = {};
  double coverage = 0.9;  // wanted of the conformal sets
};

struct CalibrationStudy {
  CalibrationRecord record;             // of the candidate that is kept
  std::vector<Evaluation> evaluations;  // of every candidate, in their order
};

// Every candidate is fitted on `val` and measured on `test`; of several the one with the least NLL out of fold on `val` is kept. Throws
// as cross_fit and fit_and_test.
CalibrationStudy calibrate_and_test(const Predictions& val, const Predictions& test, const CalibrationSettings& settings);

// For data that are not divided: every candidate is fitted on all rows and measured out of fold; of several the one with the least NLL
// there is kept. The conformal sets and the scores to abstain by are fitted on one half and measured on the other. Throws as cross_fit.
CalibrationStudy cross_calibrate(const Predictions& data, const CalibrationSettings& settings);

}  // namespace temper::calibration
