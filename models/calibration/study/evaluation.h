// The evaluation of a calibrator: fitted on some data and measured on other data, as every calibrator does well on the data it was fitted
// on.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "models/calibration/calibrators/calibrator_kind.h"
#include "models/calibration/metrics/calibration_error.h"
#include "models/calibration/metrics/metrics.h"
#include "models/calibration/metrics/paired_difference.h"
#include "models/calibration/metrics/selective.h"

namespace temper::calibration {

// Everything that is reported about one set of probabilities.
struct Assessment {
  Metrics metrics;
  Interval ece_interval{kNotMeasured, kNotMeasured};  // 95 %, by bootstrap
  std::vector<Bin> reliability = {};
  std::vector<CoveragePoint> risk_coverage = {};  // of the confidence
};
bool has_interval(const Metric& metric);  // in an Assessment
Assessment assess(const MetricsStream& stream);
Assessment assess(const RowSubset& data, const Calibrator& calibrator);

struct Evaluation {
  Fitted fitted;                             // to be stored: fitted on all the data that there were to fit on, or the identity
  Assessment before, after;                  // of the logits as they came, and of `fitted`
  double score_before = 0, score_after = 0;  // what its kind is judged by, of the rows fitted on: as they came, and out of fold
  Index changed = 0;                         // samples measured whose predicted class `fitted` changes
  // Where the calibrator made its proper score worse on data it was not fitted on, or its fit ran to a bound, `fitted` and `after` are
  // those of the identity, and this is the result of the rejected calibrator.
  std::optional<Assessment> rejected = {};
  PairedDifference change = {};  // `after` less `before`, sample by sample; not measured where the identity was kept
};

struct EvaluationOptions {
  Index folds = 5;
  std::uint64_t seed = 1;
  FitOptions fit = {};
  std::function<void(std::string_view doing)> progress = [](std::string_view) {};
};

// Before on all rows, after on all rows out of fold: the rows of every fold are calibrated by a fit of the other folds. What is stored is
// fitted on all rows. Throws Error for fewer than two rows.
Evaluation cross_fit(const CalibratorKind& kind, const Predictions& data, const EvaluationOptions& options = {});

// Fitted on `val`, before and after measured on `test`, which takes no part in any decision: whether the identity is kept is decided out of
// fold on `val`.
Evaluation fit_and_test(const CalibratorKind& kind, const Predictions& val, const Predictions& test, const EvaluationOptions& options = {});

// The NLL at each temperature, on at most `most_samples` rows drawn at random.
std::vector<double> nll_at(std::span<const double> temperatures, const Predictions& data, Index most_samples = 10000);

}  // namespace temper::calibration
