// calibrator.json, as `temper calibrate` leaves it with a run or beside logits of another framework.
#pragma once

#include <string>

#include "models/calibration/study/calibration_record.h"

namespace temper::calibration {

void save_calibration(const std::string& folder, const CalibrationRecord& record);

// The calibrator is ready to be applied to logits of `classes` classes, or of as many as it was fitted on where that is 0. Reads files of
// any version: early ones hold a temperature alone. Throws Error naming the file and the key for a calibrator of another number of classes,
// of a kind that is not known, and for a value of another type or out of its range.
CalibrationRecord load_calibration(const std::string& path, Index classes = 0);

}  // namespace temper::calibration
