// A run as training would leave it, to be bent by the tests of the report.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "models/calibration/calibrators/temperature.h"
#include "models/runs/run.h"

namespace temper::report {

using calibration::kNotMeasured;

inline std::vector<calibration::Bin> sample_bins(Index count_each) {
  std::vector<calibration::Bin> bins;
  for (int i = 0; i < 15; ++i) {
    calibration::Bin bin{.lower = i / 15.0, .upper = (i + 1) / 15.0, .count = i < 5 ? 0 : count_each};
    if (bin.count > 0) {
      bin.confidence = (i + 0.5) / 15.0;
      bin.accuracy = std::max(0.0, bin.confidence - 0.1);
    }
    bins.push_back(bin);
  }
  return bins;
}

inline runs::Run sample_run(const std::string& name, double smoothing, double accuracy, double ece) {
  runs::Run run{.name = name,
                .version = "0.1.0",
                .command = "train",
                .created = "2026-11-25T02:00:00Z",
                .data = "digits",
                .parameters = 61706,
                .seconds = 12.3};
  run.recipe.model = "cnn";
  run.recipe.smoothing = static_cast<float>(smoothing);
  run.recipe.epochs = 3;
  run.test = {.samples = 1000, .accuracy = accuracy, .nll = 0.2, .ece = ece, .mce = 0.3, .ace = ece, .classwise_ece = 0.01, .brier = 0.1};
  run.val = run.test;
  run.test_reliability = sample_bins(100);
  for (int epoch = 1; epoch <= 3; ++epoch)
    run.epochs.push_back({.epoch = epoch, .train_loss = 1.0 / epoch, .val = {.accuracy = 1 - 0.3 / epoch, .nll = 1.1 / epoch}});
  return run;
}

inline calibration::CalibrationRecord sample_calibration(const runs::Run& run, double temperature, double ece_after) {
  calibration::CalibrationRecord record{.fitted_on = "val", .measured_on = "test", .classes = 10, .samples = 300};
  record.evaluation.fitted = {.kind = &calibration::kTemperature,
                              .calibrator = std::make_shared<const calibration::TemperatureCalibrator>(temperature)};
  record.evaluation.before.metrics = record.evaluation.after.metrics = run.test;
  record.evaluation.after.metrics.ece = ece_after;
  record.evaluation.after.metrics.nll = 0.15;
  record.evaluation.before.reliability = record.evaluation.after.reliability = run.test_reliability;
  return record;
}

}  // namespace temper::report
