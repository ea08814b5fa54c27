#include "models/calibration/study/calibrate.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/folds.h"
#include "models/calibration/study/advice.h"
#include "models/calibration/study/data_hash.h"

namespace temper::calibration {
namespace {

constexpr Index kMostSortedRows = 50'000;  // for what sorts the classes of every row; the sampling error of a coverage is then 0.1 %

// From a tenth to ten times the temperature in question, so that its minimum is seen.
std::vector<double> spread_temperatures(double centre) {
  std::vector<double> temperatures;
  for (int i = -20; i <= 20; ++i) temperatures.push_back(centre * std::pow(10, i / 20.0));
  return temperatures;
}

std::span<const Index> take_first(std::span<const Index> rows) { return rows.first(std::min<std::size_t>(rows.size(), kMostSortedRows)); }

// The scores a classifier may abstain by. Only the p-norm has something to fit.
std::vector<SelectiveResult> measure_selection(const RowSubset& fitted_on, const RowSubset& measured_on) {
  std::vector<SelectiveResult> results;
  const std::vector<std::uint8_t> correct = correctness(measured_on);
  Confidences plain;
  for (const Score score : kScores) {
    const Selector selector = score == Score::p_norm ? Selector::fit_p_norm(fitted_on) : Selector{.score = score};
    const Confidences scores{selector(measured_on), correct};
    results.push_back({selector, aurc(scores.confidence, correct)});
    if (score == Score::max_probability) plain = scores;
    if (score == Score::p_norm) results.back().difference = paired_aurc_difference(scores, plain);
  }
  return results;
}

std::vector<ConformalResult> measure_conformal_sets(const RowSubset& fitted_on, const RowSubset& measured_on, const Calibrator& calibrator,
                                                    double coverage) {
  std::vector<ConformalResult> results;
  for (const SetKind kind : kSetKinds) {
    const Conformal sets = Conformal::fit(kind, fitted_on, calibrator, {.alpha = 1 - coverage});
    results.push_back({kind, sets.threshold(), sets.check_on(measured_on, calibrator)});
  }
  return results;
}

// The one with the least NLL after calibration: on rows out of fold, where nothing was fitted to them.
std::size_t find_best(const std::vector<Evaluation>& trials) {
  const auto by_nll = [](const Evaluation& a, const Evaluation& b) { return a.after.metrics.nll < b.after.metrics.nll; };
  return static_cast<std::size_t>(std::ranges::min_element(trials, by_nll) - trials.begin());
}

// The kind with the least NLL out of fold on the validation split: the test split must not choose.
const CalibratorKind* choose_kind(const Predictions& val, const CalibrationSettings& settings) {
  if (settings.kinds.size() == 1) return settings.kinds.front();
  std::vector<Evaluation> trials;
  for (const CalibratorKind* kind : settings.kinds) trials.push_back(cross_fit(*kind, val, settings.evaluation));
  return settings.kinds[find_best(trials)];
}

void add_curve(CalibrationRecord& record, const Predictions& fitted_on, const Predictions& measured_on) {
  record.temperatures = spread_temperatures(Temperature::fit(fitted_on).value);
  record.nll_at_temperature = nll_at(record.temperatures, measured_on);
}

}  // namespace

CalibrationStudy calibrate_and_test(const Predictions& val, const Predictions& test, const CalibrationSettings& settings) {
  TEMPER_CHECK(!settings.kinds.empty(), "calibrate: no kind of calibrator to try; give at least one");
  CalibrationStudy study;
  const CalibratorKind* const kept = choose_kind(val, settings);
  CalibrationRecord& record = study.record;
  record = {.fitted_on = "val", .measured_on = "test", .classes = val.classes, .samples = val.size(), .data_hash = data_hash(val)};
  for (const CalibratorKind* kind : settings.kinds) {
    study.evaluations.push_back(fit_and_test(*kind, val, test, settings.evaluation));
    if (kind == kept) record.evaluation = study.evaluations.back();
  }
  add_curve(record, val, test);
  record.selective = measure_selection(val, test);
  record.selective_rows = "test rows";
  record.selective_samples = test.size();
  record.wanted_coverage = settings.coverage;
  record.conformal = measure_conformal_sets(val, test, *record.evaluation.fitted.calibrator, settings.coverage);
  record.advice = advise(record, val);
  return study;
}

CalibrationStudy cross_calibrate(const Predictions& data, const CalibrationSettings& settings) {
  TEMPER_CHECK(!settings.kinds.empty(), "calibrate: no kind of calibrator to try; give at least one");
  CalibrationStudy study;
  for (const CalibratorKind* kind : settings.kinds) study.evaluations.push_back(cross_fit(*kind, data, settings.evaluation));
  CalibrationRecord& record = study.record;
  record = {.fitted_on = "all rows",
            .measured_on = "out of fold",
            .classes = data.classes,
            .samples = data.size(),
            .data_hash = data_hash(data),
            .evaluation = study.evaluations[find_best(study.evaluations)]};
  add_curve(record, data, data);
  settings.evaluation.progress("selective prediction and conformal sets");
  const Folds halves(data, 2, settings.evaluation.seed);
  const RowSubset first(data, take_first(halves.held_out(0))), second(data, take_first(halves.held_out(1)));
  record.selective = measure_selection(first, second);
  record.selective_rows = "rows of the half that they were not fitted on";
  record.selective_samples = second.size();
  // The sets need a calibrator that has not seen the half that they are checked on.
  const Fitted& stored = record.evaluation.fitted;
  const Fitted half_fitted = is_applied(stored.status) ? fit(*stored.kind, first, settings.evaluation.fit, &stored) : stored;
  record.wanted_coverage = settings.coverage;
  record.conformal = measure_conformal_sets(first, second, *half_fitted.calibrator, settings.coverage);
  record.advice = advise(record, data);
  return study;
}

}  // namespace temper::calibration
