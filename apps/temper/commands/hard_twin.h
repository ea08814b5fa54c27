// Label smoothing against hard labels, where both lie in one folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/calibration/study/calibration_record.h"
#include "models/runs/class_record.h"

namespace temper::app {

// For a run with label smoothing: looks for a calibrated run of hard labels beside it, of the same network on the same data with the same
// settings, and advises on the two. Nothing where there is none, for a run of hard labels, or where the samples of one are not known: a
// comparison is made sample by sample, or not at all.
std::vector<std::string> advise_by_hard_twin(const std::filesystem::path& run, const calibration::CalibrationRecord& record,
                                             const runs::ClassRecord& classes);

}  // namespace temper::app
