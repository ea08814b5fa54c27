// What a person should know before believing a calibration, in sentences that carry their numbers.
#pragma once

#include <string>
#include <vector>

#include "models/calibration/study/calibration_record.h"

namespace temper::calibration {

// From the record alone and the data that the calibrator was fitted on. Requires at least one row of them.
std::vector<std::string> advise(const CalibrationRecord& record, const Predictions& fitted_on);

// A run of hard labels, alike in everything else, what its own calibration came to, and every sample as trained and calibrated.
struct HardTwin {
  std::string name;
  double temperature = 1;  // NaN for a calibrator that is no temperature
  Metrics before, after;
  Confidences as_trained, calibrated;
};

// Of a run that was trained with label smoothing, measured as it is on the same samples as `hard`: whether smoothing made the ECE worse
// than hard labels with a temperature are, and whether it spoilt the order of the confidences. Only what the paired intervals show.
std::vector<std::string> advise_on_smoothing(double smoothing, const Metrics& smooth, const Confidences& samples, const HardTwin& hard);

}  // namespace temper::calibration
