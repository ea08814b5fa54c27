#include "models/calibration/study/calibrate.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/check.h"
#include "models/calibration/calibrators/calibrators.h"
#include "models/calibration/calibrators/linear.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/folds.h"
#include "models/calibration/study/data_hash.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

// Class 0 is favoured: vector scaling takes that back, a temperature cannot.
Predictions favour_first_class(std::uint64_t seed, Index samples) {
  Predictions data = reference::random_predictions(seed, samples, 3, 2);
  for (std::size_t i = 0; i < data.logits.size(); i += 3) data.logits[i] += 2;
  return data;
}

Index count_sentences(const CalibrationRecord& record, const char* part) {
  return std::ranges::count_if(record.advice, [&](const std::string& sentence) { return sentence.find(part) != std::string::npos; });
}

TEST_CASE("calibrate: rows that are not divided are fitted on as a whole and measured out of fold") {
  const Predictions data = reference::random_predictions(2, 700, 3, 4);
  std::vector<std::string> stages;
  const CalibrationStudy study = cross_calibrate(
      data, {.kinds = {&kTemperature}, .evaluation = {.progress = [&](std::string_view doing) { stages.emplace_back(doing); }}});
  const CalibrationRecord& record = study.record;
  CHECK(record.fitted_on == "all rows");
  CHECK(record.measured_on == "out of fold");
  CHECK(record.classes == 3);
  CHECK(record.samples == 700);
  CHECK(record.data_hash == data_hash(data));
  const Evaluation alone = cross_fit(kTemperature, data);
  REQUIRE(study.evaluations.size() == 1);
  for (const Evaluation* evaluation : {&study.evaluations.front(), &record.evaluation}) {
    CHECK(evaluation->after.metrics.nll == alone.after.metrics.nll);
    CHECK(evaluation->fitted.calibrator->parameters() == alone.fitted.calibrator->parameters());
  }
  CHECK(stages.front() == "measuring as it is");
  CHECK(stages.back() == "selective prediction and conformal sets");
}

TEST_CASE("calibrate: the curve of the NLL has its minimum at the temperature, in its middle") {
  const Predictions data = reference::random_predictions(2, 700, 3, 4);
  const CalibrationRecord record = cross_calibrate(data, {.kinds = {&kVector}}).record;
  REQUIRE(record.temperatures.size() == 41);
  REQUIRE(record.nll_at_temperature.size() == 41);
  const double T = Temperature::fit(data).value;
  CHECK(record.temperatures.front() == doctest::Approx(T / 10));
  CHECK(record.temperatures[20] == T);
  CHECK(record.temperatures.back() == doctest::Approx(10 * T));
  CHECK(std::ranges::min_element(record.nll_at_temperature) == record.nll_at_temperature.begin() + 20);
}

TEST_CASE("calibrate: scores to abstain by and conformal sets are measured on the half that they were not fitted on") {
  const Predictions data = reference::random_predictions(9, 900, 4, 3);
  const CalibrationRecord record = cross_calibrate(data, {.kinds = {&kTemperature}, .evaluation = {.seed = 5}, .coverage = 0.8}).record;
  const Folds halves(data, 2, 5);
  const RowSubset first(data, halves.held_out(0)), second(data, halves.held_out(1));
  REQUIRE(record.selective.size() == std::size(kScores));
  for (const SelectiveResult& result : record.selective) CHECK(result.aurc == aurc(result.selector(second), correctness(second)));
  CHECK(record.selective.back().selector.p == Selector::fit_p_norm(first).p);
  CHECK(record.selective_rows == "rows of the half that they were not fitted on");
  CHECK(record.selective_samples == second.size());
  const Interval& difference =
      record.selective.back().difference;  // of the p-norm, the last score, from the largest probability, the first
  CHECK(is_measured(difference));
  CHECK(difference.lower <= record.selective.back().aurc - record.selective.front().aurc);
  CHECK(difference.upper >= record.selective.back().aurc - record.selective.front().aurc);
  CHECK_FALSE(is_measured(record.selective.front().difference));
  CHECK(record.wanted_coverage == 0.8);
  REQUIRE(record.conformal.size() == std::size(kSetKinds));
  const double T = Temperature::fit(first, Temperature::fit(data).value).value;  // not that of all rows
  for (const ConformalResult& result : record.conformal) {
    const Conformal sets = Conformal::fit(result.kind, first, TemperatureCalibrator(T), {.alpha = 1 - 0.8});
    CHECK(result.threshold == sets.threshold());
    CHECK(result.on_new_data.coverage == sets.check_on(second, TemperatureCalibrator(T)).coverage);
    CHECK(result.on_new_data.coverage == doctest::Approx(0.8).epsilon(0.08));
  }
}

TEST_CASE("calibrate: of several kinds the one with the least NLL out of fold is kept, the trials in the order of the kinds") {
  const Predictions data = favour_first_class(8, 1500);
  const std::span<const CalibratorKind* const> all = calibrator_kinds();
  const CalibrationStudy study = cross_calibrate(data, {.kinds = {all.begin(), all.end()}});
  REQUIRE(study.evaluations.size() == all.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(study.evaluations[i].fitted.kind == all[i]);
    least = std::min(least, study.evaluations[i].after.metrics.nll);
  }
  CHECK(study.record.evaluation.after.metrics.nll == least);
  CHECK(study.record.evaluation.fitted.kind != &kTemperature);
  CHECK(count_sentences(study.record, "predictions; the accuracy goes from") == 1);
}

TEST_CASE("calibrate: the test split takes no part in the choice nor in the fit") {
  const Predictions val = favour_first_class(8, 1500);
  // On these rows a temperature is better than what `val` asks for.
  const Predictions alike = favour_first_class(9, 1500), other = reference::random_predictions(4, 1500, 3, 2);
  const CalibrationSettings settings{.kinds = {&kTemperature, &kVector}};
  const CalibrationStudy a = calibrate_and_test(val, alike, settings), b = calibrate_and_test(val, other, settings);
  for (const CalibrationStudy* study : {&a, &b}) {
    CHECK(study->record.fitted_on == "val");
    CHECK(study->record.measured_on == "test");
    CHECK(study->record.samples == 1500);
    CHECK(study->record.data_hash == data_hash(val));
    CHECK(study->record.evaluation.fitted.kind == &kVector);
    CHECK(study->evaluations.size() == 2);
  }
  CHECK(b.evaluations[0].after.metrics.nll < b.evaluations[1].after.metrics.nll);
  CHECK(a.record.evaluation.fitted.calibrator->parameters() == b.record.evaluation.fitted.calibrator->parameters());
  CHECK(a.record.evaluation.after.metrics.nll == nll(alike, *a.record.evaluation.fitted.calibrator));
  const Conformal sets = Conformal::fit(SetKind::threshold, val, *a.record.evaluation.fitted.calibrator, {.alpha = 1 - settings.coverage});
  CHECK(a.record.conformal.front().threshold == sets.threshold());
}

TEST_CASE("calibrate: where the identity is kept the conformal sets are those of the logits as they are") {
  const Predictions data = reference::random_predictions(5, 120, 20, 1, 1);
  const CalibrationRecord record =
      cross_calibrate(data, {.kinds = {&kMatrix}, .evaluation = {.fit = {.odir = 0, .most_steps = 200}}}).record;
  REQUIRE(record.evaluation.fitted.status == Status::kept_identity);
  const Folds halves(data, 2);
  const RowSubset first(data, halves.held_out(0));
  const Conformal sets = Conformal::fit(SetKind::threshold, first, *identity_calibrator(), {.alpha = 1 - 0.9});
  CHECK(record.conformal.front().threshold == sets.threshold());
  CHECK(count_sentences(record, "matrix did not help on rows it was not fitted on") == 1);
}

TEST_CASE("calibrate: no kind, one row, and splits of different classes are refused") {
  const Predictions data = reference::random_predictions(1, 50, 3), row{3, {1, 2, 3}, {0}}, other = reference::random_predictions(1, 50, 4);
  CHECK_THROWS_WITH_AS(cross_calibrate(data, {.kinds = {}}), doctest::Contains("give at least one"), Error);
  CHECK_THROWS_WITH_AS(calibrate_and_test(data, data, {.kinds = {}}), doctest::Contains("give at least one"), Error);
  CHECK_THROWS_AS(cross_calibrate(row, {.kinds = {&kTemperature}}), Error);
  CHECK_THROWS_AS(calibrate_and_test(data, other, {.kinds = {&kTemperature}}), Error);
}

}  // namespace
}  // namespace temper::calibration
