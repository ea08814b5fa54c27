// The summary that `train`, `distill` and `convert` print about a run.
#pragma once

#include <string>

#include "core/base/json.h"
#include "models/calibration/metrics/metrics.h"
#include "models/translation/bleu.h"

namespace temper::app {

// What is known of the run, and behind it the metrics of the test split, which are not calibrated, and those of the validation split.
Json with_metrics(Json known, const calibration::Metrics& val, const calibration::Metrics& test);

// The keys "bleu", "bleu_signature", "beam" and "length_penalty".
void add_bleu(const translation::Score& score, Json& json);

// A line a split, and what to do next. unit: of the samples.
void print_metrics(const std::string& run, const calibration::Metrics& val, const calibration::Metrics& test,
                   const std::string& unit = "images");

}  // namespace temper::app
