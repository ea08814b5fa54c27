#include "models/calibration/predictions.h"

#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "core/engine/parallel.h"
#include "models/calibration/row_subset.h"

namespace temper::calibration {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

void check_row(std::span<const float> row, Index sample) {
  unsigned legal = 1, possible = 0;  // of the width of a float, so that the loop runs in vectors
  for (const float logit : row) {
    legal &= logit < kInfinity ? 1u : 0u;  // 0 for NaN as well
    possible |= logit > -kInfinity ? 1u : 0u;
  }
  for (std::size_t k = 0; legal == 0 && k < row.size(); ++k)
    TEMPER_CHECK(row[k] < kInfinity, "predictions: logit ", k, " of sample ", sample, " is ", std::isnan(row[k]) ? "NaN" : "+inf",
                 "; logits must be finite or -inf; check the network's output");
  TEMPER_CHECK(possible != 0, "predictions: every logit of sample ", sample, " is -inf; at least one class must be possible");
}

}  // namespace

void check(const RowSubset& selection) {
  const Predictions& predictions = selection.all();
  const Index classes = predictions.classes, samples = predictions.size();
  const auto logits = static_cast<Index>(predictions.logits.size());
  TEMPER_CHECK(classes >= 1, "predictions: ", classes, " classes; there must be at least one");
  TEMPER_CHECK(samples > 0 || logits > 0, "predictions: no samples; give at least one row of logits with its label");
  TEMPER_CHECK(logits % classes == 0 && logits / classes == samples, "predictions: ", logits, " logits for ", samples, " labels and ",
               classes, " classes; every label needs one row of ", classes, " logits");
  TEMPER_CHECK(selection.size() > 0, "predictions: no samples were selected; select at least one");
  parallel_for(selection.size(), row_grain(classes), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Index sample = selection.index(i);
      const std::int32_t label = predictions.labels[static_cast<std::size_t>(sample)];
      TEMPER_CHECK(label >= 0 && label < classes, "predictions: label ", label, " of sample ", sample, " is outside 0..", classes - 1,
                   "; labels count from 0 and there are ", classes, " classes");
      check_row(predictions.row(sample), sample);
    }
  });
}

void check(const Predictions& predictions) { check(RowSubset(predictions)); }

bool looks_like_probabilities(const Predictions& predictions) {
  constexpr double kTolerance = 1e-3;  // wide enough for half precision and for four printed decimals
  check(predictions);
  for (Index sample = 0; sample < predictions.size(); ++sample) {
    double sum = 0;
    for (const float value : predictions.row(sample)) {
      if (value < 0.0f || value > 1.0f + 1e-6f) return false;
      sum += static_cast<double>(value);
    }
    if (std::abs(sum - 1) > kTolerance) return false;
  }
  return predictions.classes >= 2;
}

}  // namespace temper::calibration
