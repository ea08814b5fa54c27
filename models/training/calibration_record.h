// calibrator.json: a CalibrationRecord, as `temper calibrate` leaves it with a run or beside logits
// of another framework.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/calibration/study/calibration_record.h"

namespace temper::training {

void save_calibration(const std::string& folder, const calibration::CalibrationRecord& record);

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
