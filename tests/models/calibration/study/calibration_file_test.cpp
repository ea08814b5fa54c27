#include "models/calibration/study/calibration_file.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/file.h"
#include "core/base/json.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/study/calibrate.h"
#include "models/calibration/study/json.h"
#include "tests/contains.h"
#include "tests/models/calibration/reference.h"
#include "tests/temporary_folder.h"

namespace temper::calibration {
namespace {

CalibrationRecord measured_record() {
  return calibrate_and_test(reference::random_predictions(2, 400, 3, 4), reference::random_predictions(3, 500, 3, 4),
                            {.kinds = {&kTemperature}})
      .record;
}

void check_same(const Interval& a, const Interval& b) {
  CHECK(a.lower == b.lower);
  CHECK(a.upper == b.upper);
}

TEST_CASE("calibration file: what a calibration changed, and the rows of what was measured, come back") {
  const TemporaryFolder folder;
  const CalibrationRecord record = measured_record();
  save_calibration(folder.path(), record);
  const CalibrationRecord read = load_calibration(folder / "calibrator.json", 3);
  REQUIRE(is_measured(record.evaluation.change.nll));
  for (const auto value : {&PairedDifference::accuracy, &PairedDifference::nll, &PairedDifference::ece, &PairedDifference::aurc,
                           &PairedDifference::excess_aurc})
    check_same(read.evaluation.change.*value, record.evaluation.change.*value);
  CHECK(read.selective_rows == "test rows");
  CHECK(read.selective_samples == 500);
  check_same(read.selective.back().difference, record.selective.back().difference);
  CHECK(std::isnan(read.selective.front().difference.lower));
}

TEST_CASE("calibration file: an interval of an earlier version is extended to its ECE; damaged intervals are refused") {
  const TemporaryFolder folder;
  Json json = to_json(measured_record());
  json["after"]["ece"] = 0.0084;
  json["after"]["ece_interval"] = {0.0, 0.0077};
  json.erase("change_interval");
  json.erase("selective_rows");
  write_file(folder / "calibrator.json", json.dump());
  const CalibrationRecord read = load_calibration(folder / "calibrator.json", 3);
  check_same(read.evaluation.after.ece_interval, {0, 0.0084});
  CHECK_FALSE(is_measured(read.evaluation.change.ece));
  CHECK(read.selective_rows.empty());
  json["change_interval"] = {{"ece", {1, 0}}};
  write_file(folder / "calibrator.json", json.dump());
  CHECK_THROWS_WITH_AS(load_calibration(folder / "calibrator.json", 3), doctest::Contains("change_interval.ece is not two numbers"), Error);
}

}  // namespace
}  // namespace temper::calibration
