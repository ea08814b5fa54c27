// Label smoothing against hard labels, where both lie in one folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/calibration/study/calibration_record.h"

namespace temper::app {

// For a run with label smoothing: looks for a calibrated run of hard labels beside it, of the same network on the same data with the same
// settings, and advises on the two. Nothing where there is none, or for a run of hard labels.
std::vector<std::string> advise_by_hard_twin(const std::filesystem::path& run, const calibration::CalibrationRecord& record);

}  // namespace temper::app
