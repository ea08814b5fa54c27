#include "apps/temper/calibration.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "apps/temper/calibration_advice.h"
#include "core/check.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/folds.h"
#include "models/calibration/study/prediction_files.h"

namespace temper::app {
namespace {

using namespace calibration;

constexpr Index kMostRows = 50'000;  // for what sorts the classes of every row; the sampling error of a coverage is then 0.1 %

// From a tenth to ten times the temperature in question, so that its minimum is seen.
std::vector<double> temperatures_around(double centre) {
  std::vector<double> temperatures;
  for (int i = -20; i <= 20; ++i) temperatures.push_back(centre * std::pow(10, i / 20.0));
  return temperatures;
}

std::span<const Index> at_most(std::span<const Index> rows) { return rows.first(std::min<std::size_t>(rows.size(), kMostRows)); }

// The scores a classifier may abstain by. Only the p-norm has something to fit.
std::vector<training::SelectiveResult> selective_results(const Selection& fitted_on, const Selection& measured_on) {
  std::vector<training::SelectiveResult> results;
  const std::vector<std::uint8_t> correct = correctness(measured_on);
  for (const Score score : kScores) {
    const Selector selector = score == Score::p_norm ? Selector::fit_p_norm(fitted_on) : Selector{.score = score};
    results.push_back({selector, aurc(selector(measured_on), correct)});
  }
  return results;
}

std::vector<training::ConformalResult> conformal_results(const Selection& fitted_on, const Selection& measured_on,
                                                         const Calibrator& calibrator, double coverage) {
  std::vector<training::ConformalResult> results;
  for (const SetKind kind : kSetKinds) {
    const Conformal sets = Conformal::fit(kind, fitted_on, calibrator, {.alpha = 1 - coverage});
    results.push_back({kind, sets.threshold(), sets.check_on(measured_on, calibrator)});
  }
  return results;
}

// The one with the least NLL after calibration: on rows out of fold, where nothing was fitted to them.
std::size_t best_of(const std::vector<Trial>& trials) {
  const auto by_nll = [](const Trial& a, const Trial& b) { return a.after.metrics.nll < b.after.metrics.nll; };
  return static_cast<std::size_t>(std::ranges::min_element(trials, by_nll) - trials.begin());
}

// The kind with the least NLL out of fold on the validation split: the test split must not choose.
const CalibratorKind* best_kind_on(const Predictions& val, const CalibrationSettings& settings) {
  if (settings.kinds.size() == 1) return settings.kinds.front();
  std::vector<Trial> trials;
  for (const CalibratorKind* kind : settings.kinds) trials.push_back(cross_fit(*kind, val, settings.trial));
  return settings.kinds[best_of(trials)];
}

void add_curve(training::CalibrationRecord& record, const Predictions& fitted_on, const Predictions& measured_on) {
  record.temperatures = temperatures_around(Temperature::fit(fitted_on).value);
  record.nll_at_temperature = nll_at(record.temperatures, measured_on);
}

}  // namespace

CalibrationOutcome calibrate_run(const Predictions& val, const Predictions& test, const CalibrationSettings& settings) {
  CalibrationOutcome outcome;
  const CalibratorKind* const kept = best_kind_on(val, settings);
  training::CalibrationRecord& record = outcome.record;
  record = {.fitted_on = "val", .measured_on = "test", .classes = val.classes, .samples = val.size(), .data_hash = data_hash(val)};
  for (const CalibratorKind* kind : settings.kinds) {
    outcome.trials.push_back(fit_and_test(*kind, val, test, settings.trial));
    if (kind == kept) record.trial = outcome.trials.back();
  }
  add_curve(record, val, test);
  record.selective = selective_results(val, test);
  record.wanted_coverage = settings.coverage;
  record.conformal = conformal_results(val, test, *record.trial.fitted.calibrator, settings.coverage);
  record.advice = advice_on(record, val);
  return outcome;
}

CalibrationOutcome calibrate_rows(const Predictions& data, const CalibrationSettings& settings) {
  CalibrationOutcome outcome;
  for (const CalibratorKind* kind : settings.kinds) outcome.trials.push_back(cross_fit(*kind, data, settings.trial));
  training::CalibrationRecord& record = outcome.record;
  record = {.fitted_on = "all rows",
            .measured_on = "out of fold",
            .classes = data.classes,
            .samples = data.size(),
            .data_hash = data_hash(data),
            .trial = outcome.trials[best_of(outcome.trials)]};
  add_curve(record, data, data);
  settings.trial.progress("selective prediction and conformal sets");
  const Folds halves(data, 2, settings.trial.seed);
  const Selection first(data, at_most(halves.held_out(0))), second(data, at_most(halves.held_out(1)));
  record.selective = selective_results(first, second);
  // The sets need a calibrator that has not seen the half that they are checked on.
  const Fitted& stored = record.trial.fitted;
  const bool identity = stored.status == Status::kept_identity;
  const Fitted of_half = identity ? stored : fit(*stored.kind, first, settings.trial.fit, &stored);
  record.wanted_coverage = settings.coverage;
  record.conformal = conformal_results(first, second, *of_half.calibrator, settings.coverage);
  record.advice = advice_on(record, data);
  return outcome;
}

}  // namespace temper::app
