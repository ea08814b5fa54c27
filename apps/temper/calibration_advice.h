// What a person should know before believing a calibration, in sentences that carry their numbers.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/training/calibration_record.h"

namespace temper::app {

// From the record alone and the data that the calibrator was fitted on.
std::vector<std::string> advice_on(const training::CalibrationRecord& record, const calibration::Predictions& fitted_on);

// Of a run with label smoothing against calibrated runs of hard labels in the same folder, of the same network on the same data: whether
// smoothing made the ECE worse than hard labels with a temperature are, and whether it spoilt the order of the confidences.
std::vector<std::string> advice_on_smoothing(const std::filesystem::path& run, const training::CalibrationRecord& record);

}  // namespace temper::app
