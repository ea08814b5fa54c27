// A run as training would leave it, to be bent by the tests of the report.
#pragma once

#include <cmath>
#include <string>

#include "apps/report/run_record.h"

namespace temper::report {

inline std::vector<ReliabilityBin> sample_bins(std::int64_t count_each) {
  std::vector<ReliabilityBin> bins;
  for (int i = 0; i < 15; ++i) {
    ReliabilityBin bin{.lower = i / 15.0, .upper = (i + 1) / 15.0, .count = i < 5 ? 0 : count_each};
    if (bin.count > 0) {
      bin.confidence = (i + 0.5) / 15.0;
      bin.accuracy = std::max(0.0, bin.confidence - 0.1);
    }
    bins.push_back(bin);
  }
  return bins;
}

inline RunRecord sample_run(const std::string& name, double smoothing, double accuracy, double ece) {
  RunRecord run;
  run.name = name;
  run.version = "0.1.0";
  run.command = "train";
  run.created = "2026-11-25T02:00:00Z";
  run.data = "digits";
  run.model = "cnn";
  run.smoothing = smoothing;
  run.parameters = 61706;
  run.seconds = 12.3;
  run.test = {.samples = 1000, .accuracy = accuracy, .nll = 0.2, .ece = ece, .mce = 0.3, .ace = ece, .classwise_ece = 0.01, .brier = 0.1};
  run.val = run.test;
  run.test_bins = sample_bins(100);
  run.settings = {{"data", "digits"}, {"model", "cnn"}, {"epochs", "3"}, {"lr", "0.05"}, {"seed", "1"}};
  for (int epoch = 1; epoch <= 3; ++epoch) {
    run.log.push_back({.epoch = epoch, .train_loss = 1.0 / epoch, .val_nll = 1.1 / epoch, .val_accuracy = 1 - 0.3 / epoch});
  }
  return run;
}

inline Calibration sample_calibration(const RunRecord& run, double temperature, double ece_after) {
  Calibration calibration{.method = "temperature", .temperature = temperature, .status = "converged", .fitted_on = "val", .samples = 300};
  calibration.before = calibration.after = run.test;
  calibration.after.ece = ece_after;
  calibration.after.nll = 0.15;
  calibration.bins_before = calibration.bins_after = run.test_bins;
  return calibration;
}

}  // namespace temper::report
