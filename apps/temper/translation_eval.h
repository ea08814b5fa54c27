// What `eval` and `calibrate` do with a run that translates.
#pragma once

#include <optional>
#include <string>

#include "models/calibration/predictions.h"

namespace temper::app {

struct TranslationEvalOptions {
  std::string run, data, split;
  std::optional<double> temperature;
  Index beam = 4;  // 0: no translations
  bool json = false;
};
// Prints BLEU and the metrics of next words.
void eval_translation(const TranslationEvalOptions& options);

struct SplitPredictions {
  calibration::Predictions val, test;
};
// The logits of the next words of a run's validation and test sentences.
SplitPredictions word_predictions(const std::string& run);

}  // namespace temper::app
