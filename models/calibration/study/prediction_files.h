// Predictions of any framework: logits (N,K) and labels (N) in files that data/tables/table.h reads.
#pragma once

#include <string>

#include "models/calibration/predictions.h"

namespace temper::calibration {

struct PredictionFiles {
  std::string logits, labels;  // paths; "outputs.npz:logits" names an array of several. No labels: all are 0 and mean nothing
  bool probabilities = false;  // the file of logits holds probabilities: their logarithms are taken, each row made to sum to 1 first
};

// Throws Error, naming the file and the row, when the files cannot be read, do not fit together, or hold what is no logit or label: labels
// that are not whole or outside 0..K-1, NaN, +inf; rows that are all probabilities though that was not said, or the other way round.
// Doubles become floats; where rounding would make a class equal to the largest it stays below.
Predictions read_predictions(const PredictionFiles& files);

// The same for labels that are known: `labelled` is what they belong to, in errors.
Predictions read_logits(const std::string& logits_file, bool probabilities, std::vector<std::int32_t> labels, const std::string& labelled);

}  // namespace temper::calibration
