#include "models/calibration/study/evaluation.h"

#include <algorithm>
#include <numeric>
#include <string>

#include "core/base/check.h"
#include "core/base/random.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/folds.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

MetricsStream out_of_fold(const CalibratorKind& kind, const Predictions& data, const Fitted& of_all, const EvaluationOptions& options) {
  const Folds folds(data, options.folds, options.seed);
  MetricsStream result(data.classes);
  for (Index fold = 0; fold < folds.count(); ++fold) {
    options.progress(str_cat(kind.name, ": fold ", fold + 1, " of ", folds.count()));
    const std::vector<Index> rows = folds.training_rows(fold);
    const Fitted fitted = fit(kind, RowSubset(data, rows), options.fit, &of_all);
    result.add(RowSubset(data, folds.held_out(fold)), *fitted.calibrator);
  }
  return result;
}

// Every kind that is fitted to the probability of the labels can do what a temperature does: where none is low enough, it has no minimum
// either.
Fitted fit_all(const CalibratorKind& kind, const Predictions& data, const FitOptions& options) {
  Fitted fitted = fit(kind, data, options);
  if (is_applied(fitted.status) && Temperature::fit(data).status == Status::at_lower_bound) fitted.status = Status::at_lower_bound;
  return fitted;
}

// The rows of `folds`, one fold after the other: the order of what was measured out of fold.
std::vector<Index> rows_in_order(const Folds& folds) {
  std::vector<Index> rows;
  for (Index fold = 0; fold < folds.count(); ++fold) rows.insert(rows.end(), folds.held_out(fold).begin(), folds.held_out(fold).end());
  return rows;
}

// Sample i of `after` is sample rows[i] of `before`, or where there are no rows sample i.
PairedDifference change_between(const MetricsStream& before, const MetricsStream& after, std::span<const Index> rows = {}) {
  Confidences sorted;
  std::vector<double> losses;
  for (const Index row : rows) {
    sorted.confidence.push_back(before.confidences().confidence[static_cast<std::size_t>(row)]);
    sorted.correct.push_back(before.confidences().correct[static_cast<std::size_t>(row)]);
    losses.push_back(before.losses()[static_cast<std::size_t>(row)]);
  }
  const Confidences* const of_before = rows.empty() ? &before.confidences() : &sorted;
  const Confidences* const of_after = &after.confidences();
  PairedDifference change = paired_difference(std::span(&of_after, 1), std::span(&of_before, 1));
  change.nll = paired_mean_difference(after.losses(), rows.empty() ? before.losses() : losses);
  return change;
}

MetricsStream stream_of(const RowSubset& data, const Calibrator& calibrator) {
  check(data);
  MetricsStream stream(data.classes());
  stream.add(data, calibrator);
  return stream;
}

// Whether the calibrator is worse than none on rows out of fold; also when its score is not a number.
bool is_rejected(Evaluation& evaluation, const Metrics& before, const Metrics& out_of_fold) {
  evaluation.score_before = evaluate(evaluation.fitted.kind->judged_by, before);
  evaluation.score_after = evaluate(evaluation.fitted.kind->judged_by, out_of_fold);
  return is_applied(evaluation.fitted.status) && !(evaluation.score_after <= evaluation.score_before);
}

// Stores the identity instead, with the reason.
void reject(Evaluation& evaluation, Status reason, Assessment measured) {
  evaluation.rejected = std::move(measured);
  evaluation.fitted.calibrator = identity_calibrator();
  evaluation.fitted.status = reason;
}

}  // namespace

bool has_interval(const Metric& metric) { return metric.value == &Metrics::ece; }

Assessment assess(const MetricsStream& stream) {
  const Confidences& says = stream.confidences();
  return {.metrics = stream.result(),
          .ece_interval = ece_interval(says.confidence, says.correct),
          .reliability = reliability(says.confidence, says.correct),
          .risk_coverage = risk_coverage(says.confidence, says.correct)};
}

Assessment assess(const RowSubset& data, const Calibrator& calibrator) { return assess(stream_of(data, calibrator)); }

Evaluation cross_fit(const CalibratorKind& kind, const Predictions& data, const EvaluationOptions& options) {
  options.progress("measuring as it is");
  const MetricsStream before = stream_of(data, *identity_calibrator());
  Evaluation evaluation{.fitted = {}, .before = assess(before), .after = {}};
  options.progress(str_cat(kind.name, ": fitting all rows"));
  evaluation.fitted = fit_all(kind, data, options.fit);
  const MetricsStream held_out = out_of_fold(kind, data, evaluation.fitted, options);
  options.progress(str_cat(kind.name, ": measuring out of fold"));
  evaluation.after = assess(held_out);
  evaluation.changed = held_out.changed();
  const bool harms = is_rejected(evaluation, evaluation.before.metrics, evaluation.after.metrics);
  if (harms || at_bound(evaluation.fitted.status))
    reject(evaluation, harms ? Status::kept_identity : evaluation.fitted.status, evaluation.after);
  if (!is_applied(evaluation.fitted.status)) {
    evaluation.after = evaluation.before;
    evaluation.changed = 0;
  } else {
    evaluation.change = change_between(before, held_out, rows_in_order(Folds(data, options.folds, options.seed)));
  }
  return evaluation;
}

Evaluation fit_and_test(const CalibratorKind& kind, const Predictions& val, const Predictions& test, const EvaluationOptions& options) {
  TEMPER_CHECK(val.classes == test.classes, "calibration: fitted on ", val.classes, " classes, measured on ", test.classes,
               "; both must have the same");
  TEMPER_CHECK(val.size() >= 2, "calibration: ", val.size(), " sample cannot be fitted on and measured; give at least two");
  options.progress("measuring as it is");
  const MetricsStream before = stream_of(test, *identity_calibrator());
  Evaluation evaluation{.fitted = {}, .before = assess(before), .after = {}};
  options.progress(str_cat(kind.name, ": fitting"));
  evaluation.fitted = fit_all(kind, val, options.fit);
  if (evaluation.fitted.status != Status::kept_identity) {
    const Metrics held_out = out_of_fold(kind, val, evaluation.fitted, options).result();
    const bool harms = is_rejected(evaluation, metrics(val, *identity_calibrator()), held_out);
    if (harms || at_bound(evaluation.fitted.status))
      reject(evaluation, harms ? Status::kept_identity : evaluation.fitted.status, assess(test, *evaluation.fitted.calibrator));
  }
  const MetricsStream after = stream_of(test, *evaluation.fitted.calibrator);
  evaluation.after = assess(after);
  evaluation.changed = after.changed();
  if (is_applied(evaluation.fitted.status)) evaluation.change = change_between(before, after);
  return evaluation;
}

std::vector<double> nll_at(std::span<const double> temperatures, const Predictions& data, Index most_samples) {
  check(data);
  std::vector<Index> rows;
  const Random random(1, {0x6e6c6c});
  for (Index i = 0; i < data.size(); ++i) {
    // Each row that is still to come is taken with the probability that fills the sample exactly.
    const auto left = static_cast<std::uint32_t>(data.size() - i);
    const Index missing = std::min(most_samples, data.size()) - static_cast<Index>(rows.size());
    if (random.below(static_cast<std::uint64_t>(i), left) < missing) rows.push_back(i);
  }
  std::vector<double> values;
  for (const double temperature : temperatures) values.push_back(nll(RowSubset(data, rows), TemperatureCalibrator(temperature)));
  return values;
}

}  // namespace temper::calibration
