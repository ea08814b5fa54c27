// What `temper calibrate` prints for a person, and as JSON for a script.
#pragma once

#include <string>

#include "core/json.h"
#include "models/calibration/study/calibrate.h"

namespace temper::app {

// A run or a file of logits that was calibrated.
struct Calibrated {
  std::string name;             // of the run, or of the file
  std::string unit = "images";  // that a run was measured on, or "words"
  calibration::CalibrationStudy study = {};
};

// Every metric before and after, a line each.
std::string before_and_after(const calibration::Assessment& before, const calibration::Assessment& after);

// The kept calibrator, what it did, and all methods where several were tried.
std::string text_of(const Calibrated& calibrated);

// The same by the command line's contract, without curves and parameters, which are in calibrator.json.
Json json_of(const calibration::CalibrationStudy& study);

}  // namespace temper::app
