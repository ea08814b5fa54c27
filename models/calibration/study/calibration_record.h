// The result of a calibration: what was fitted on which data, and all measurements.
#pragma once

#include <string>
#include <vector>

#include "models/calibration/metrics/conformal.h"
#include "models/calibration/metrics/selective.h"
#include "models/calibration/study/evaluation.h"

namespace temper::calibration {

struct SelectiveResult {
  Selector selector;
  double aurc = 0;
  Interval difference = kNoInterval;  // of the AURC from that of the largest probability, sample by sample, 95 %
};

struct ConformalResult {
  SetKind kind = SetKind::threshold;
  double threshold = 0;
  Conformal::Coverage on_new_data = {};
};

struct CalibrationRecord {
  std::string fitted_on;    // "val" or "all rows"
  std::string measured_on;  // "test" or "out of fold"
  Index classes = 0;
  Index samples = 0;  // that it was fitted on
  std::string data_hash = {};
  std::string weights = {};  // fingerprint of those of the model that it was fitted on; empty for logits of a file
  Evaluation evaluation = {};
  std::vector<double> temperatures = {}, nll_at_temperature = {};  // a curve
  std::vector<SelectiveResult> selective = {};
  // On which rows these and the conformal sets were measured, which are not always those of `evaluation`; for people. Empty in old files.
  std::string selective_rows = {};
  Index selective_samples = 0;
  double wanted_coverage = 0;  // of the conformal sets; 0: none were made
  std::vector<ConformalResult> conformal = {};
  std::vector<std::string> advice = {};  // sentences
};

}  // namespace temper::calibration
