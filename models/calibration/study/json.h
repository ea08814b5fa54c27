// What a calibration came to as JSON, in the keys of calibrator.json. For sources of the library and the apps.
#pragma once

#include "core/base/json.h"
#include "models/calibration/study/calibration_record.h"

namespace temper::calibration {

Json to_json(const Assessment& assessment);  // the metrics and the interval, without the curves
Json to_json(const CalibrationRecord& record);
CalibrationRecord read_calibration(const JsonNode& node, Index classes);  // as load_calibration

}  // namespace temper::calibration
