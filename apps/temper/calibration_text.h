// What `temper calibrate` prints for a person, and as JSON for a script.
#pragma once

#include <string>

#include "apps/temper/calibration.h"
#include "core/json.h"

namespace temper::app {

// "0.0413 [0.0406, 0.0420]".
std::string with_interval(const calibration::Assessment& assessment);

// Every metric before and after, a line each.
std::string before_and_after(const calibration::Assessment& before, const calibration::Assessment& after);

// The kept calibrator, what it did, and all methods where several were tried. `name`: the run or the file.
std::string text_of(const std::string& name, const CalibrationOutcome& outcome);

// The same by the command line's contract, without curves and parameters, which are in calibrator.json.
Json json_of(const CalibrationOutcome& outcome);

}  // namespace temper::app
