// calibrator.json: a fitted calibrator, what it was fitted on, and what it did, as `temper calibrate` leaves it with a run or beside logits
// of another framework.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/calibration/metrics/conformal.h"
#include "models/calibration/study/trial.h"

namespace temper::training {

struct SelectiveResult {
  calibration::Selector selector;
  double aurc = 0;
};

struct ConformalResult {
  calibration::SetKind kind = calibration::SetKind::threshold;
  double threshold = 0;
  calibration::Conformal::Coverage on_new_data = {};
};

struct CalibrationRecord {
  std::string fitted_on;    // "val" or "all rows"
  std::string measured_on;  // "test" or "out of fold"
  Index classes = 0;
  Index samples = 0;  // that it was fitted on
  std::string data_hash = {};
  calibration::Trial trial = {};
  std::vector<double> temperatures = {}, nll_at_temperature = {};  // a curve
  std::vector<SelectiveResult> selective = {};
  double wanted_coverage = 0;  // of the conformal sets; 0: none were made
  std::vector<ConformalResult> conformal = {};
  std::vector<std::string> advice = {};  // sentences
};

void save_calibration(const std::string& folder, const CalibrationRecord& record);

// The calibrator of a calibrator.json, ready to be applied to logits of `classes` classes; also of files that older versions wrote, which
// hold a temperature alone.
struct StoredCalibrator {
  const calibration::CalibratorKind* kind = nullptr;
  calibration::Status status = calibration::Status::converged;
  std::shared_ptr<const calibration::Calibrator> calibrator;
  std::optional<double> temperature;  // of temperature scaling; 1 when the identity was kept
  std::string data_hash;              // of what it was fitted on, calibration::data_hash(); empty where the file does not say
};
// Throws Error naming the file and what is wrong with it.
StoredCalibrator load_calibrator(const std::string& path, Index classes);

}  // namespace temper::training
