// The output of `temper calibrate`: text for people, JSON for scripts, and tables of calibrators times metrics for papers and spreadsheets.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/base/json.h"
#include "models/calibration/study/calibrate.h"
#include "models/runs/class_record.h"

namespace temper::app {

// A run or a file of logits that was calibrated.
struct Calibrated {
  std::string name;             // of the run, or of the file
  std::string unit = "images";  // that a run was measured on, or "words"
  calibration::CalibrationStudy study = {};
  std::optional<runs::ClassRecord> classes = {};  // of a run that classifies
};

// Every metric before and after, a line each.
std::string before_and_after(const calibration::Assessment& before, const calibration::Assessment& after);

// The kept calibrator, what it did, and all methods where several were tried.
std::string format_calibration(const Calibrated& calibrated);

// The same by the command line's contract, without curves and parameters, which are in calibrator.json.
Json to_json(const calibration::CalibrationStudy& study);

// Whether the ending is one of those below.
bool is_table_file(const std::string& path);

// A row for the logits as they are (method "none") and one for each method that was tried; one that was rejected has the numbers
// that it reached, and the status kept_identity. FILE.csv: every metric as a fraction to as many digits as reading back exactly takes, the
// ECE with the ends of its 95 % interval. FILE.md: the same for reading, to four decimals.
void write_table(const std::string& path, std::span<const Calibrated> all);

}  // namespace temper::app
