#include "models/calibration/study/evaluation.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "models/calibration/calibrators/calibrators.h"
#include "models/calibration/calibrators/linear.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/folds.h"
#include "models/calibration/metrics/sample_results.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

TEST_CASE("trial: out of fold numbers are those of fits that did not see the rows") {
  const Predictions data = reference::random_predictions(2, 500, 3, 4);
  const Evaluation evaluation = cross_fit(kTemperature, data);
  const Folds folds(data, 5, 1);
  double sum = 0;
  for (Index fold = 0; fold < 5; ++fold) {
    const std::vector<Index> rows = folds.training_rows(fold);
    const Temperature t = Temperature::fit(RowSubset(data, rows));
    sum += nll(RowSubset(data, folds.held_out(fold)), TemperatureCalibrator(t.value)) * static_cast<double>(folds.held_out(fold).size());
  }
  CHECK(evaluation.after.metrics.nll == doctest::Approx(sum / 500).epsilon(1e-10));
  CHECK(evaluation.before.metrics.nll == nll(data));
  CHECK(evaluation.fitted.calibrator->parameters().at("temperature")[0] == Temperature::fit(data).value);
  CHECK(evaluation.after.metrics.nll >= nll(data, Temperature::fit(data).value));
  CHECK(evaluation.after.metrics.accuracy == evaluation.before.metrics.accuracy);
  CHECK(evaluation.changed == 0);
}

TEST_CASE("trial: a calibrator that harms is rejected, with the numbers of what it did") {
  // Well calibrated data, few samples, many classes: an unpenalised matrix has nothing to gain and 420 numbers to overfit with.
  const Predictions data = reference::random_predictions(5, 120, 20, 1, 1);
  const Evaluation evaluation = cross_fit(kMatrix, data, {.fit = {.odir = 0, .most_steps = 200}});
  REQUIRE(evaluation.rejected);
  CHECK(evaluation.fitted.status == Status::kept_identity);
  CHECK(evaluation.rejected->metrics.nll > evaluation.before.metrics.nll);
  CHECK(evaluation.after.metrics.nll == evaluation.before.metrics.nll);
  CHECK(evaluation.fitted.calibrator->parameters().empty());
  const Evaluation tested =
      fit_and_test(kMatrix, data, reference::random_predictions(6, 300, 20, 1, 1), {.fit = {.odir = 0, .most_steps = 200}});
  REQUIRE(tested.rejected);
  CHECK(tested.after.metrics.nll == tested.before.metrics.nll);
}

TEST_CASE("trial: what does only a little worse out of fold is rejected, too, and nothing else is") {
  int rejected = 0, kept = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Predictions data = reference::random_predictions(seed, 150, 5, 1, 1);  // calibrated: there is nothing to gain but by chance
    const Evaluation trial = cross_fit(kVector, data);
    if (trial.fitted.status == Status::kept_identity && !trial.rejected) continue;
    CHECK(trial.rejected.has_value() == (trial.score_after > trial.score_before));
    CHECK(trial.score_before == trial.before.metrics.nll);
    CHECK(trial.score_after == (trial.rejected ? *trial.rejected : trial.after).metrics.nll);
    CHECK(trial.score_after < 1.5 * trial.score_before);
    ++(trial.rejected ? rejected : kept);
  }
  CHECK(rejected > 0);
  CHECK(kept > 0);
}

TEST_CASE("trial: matrix scaling with the penalty chosen on held-out rows does not overfit at K = 20") {
  const Predictions data = reference::random_predictions(5, 1000, 20, 6, 2), test = reference::random_predictions(6, 4000, 20, 6, 2);
  const Evaluation evaluation = fit_and_test(kMatrix, data, test);
  CHECK(evaluation.after.metrics.nll < evaluation.before.metrics.nll);
}

TEST_CASE("trial: the change of every metric has the interval of its samples, also out of fold") {
  // Right as often as the logits over 4 say: T = 4 helps the NLL and the ECE, and changes no prediction.
  const Predictions data = reference::random_predictions(2, 800, 3, 4);
  for (const bool crossed : {true, false}) {
    CAPTURE(crossed);
    const Evaluation one =
        crossed ? cross_fit(kTemperature, data) : fit_and_test(kTemperature, data, reference::random_predictions(9, 800, 3, 4));
    const Metrics &before = one.before.metrics, &after = one.after.metrics;
    const auto holds = [](const Interval& interval, double value) { return interval.lower <= value && value <= interval.upper; };
    CHECK(holds(one.change.nll, after.nll - before.nll));
    CHECK((one.change.nll.lower + one.change.nll.upper) / 2 == doctest::Approx(after.nll - before.nll).epsilon(1e-9));
    CHECK(one.change.nll.upper < 0);
    CHECK(holds(one.change.ece, after.ece - before.ece));
    CHECK(one.change.ece.upper < 0);
    CHECK(one.change.accuracy.lower == doctest::Approx(-one.change.accuracy.upper));
    CHECK_FALSE(is_significant(one.change.accuracy));
  }
  // Out of fold every row is set against itself: the interval is about as wide as that of one temperature for all rows.
  const std::vector<double> as_they_came = sample_results(data, *identity_calibrator()).losses,
                            at_once = sample_results(data, TemperatureCalibrator(Temperature::fit(data).value)).losses;
  const double ratio = cross_fit(kTemperature, data).change.nll.width() / paired_mean_difference(at_once, as_they_came).width();
  CHECK(ratio == doctest::Approx(1).epsilon(0.02));
  // Rows in another order have other folds, and every row is still set against itself: temperatures hardly change the order.
  CHECK(cross_fit(kTemperature, reference::shuffled(data, 3)).change.aurc.width() < 0.02);
  const Predictions calm = reference::random_predictions(5, 120, 20, 1, 1);
  const Evaluation kept = cross_fit(kMatrix, calm, {.fit = {.odir = 0, .most_steps = 200}});
  REQUIRE(kept.rejected);
  CHECK_FALSE(is_measured(kept.change.nll));
}

TEST_CASE("trial: changed predictions are counted, and a curve of the NLL has its minimum at the temperature") {
  Predictions data = reference::random_predictions(8, 2000, 3, 2);
  for (std::size_t i = 0; i < data.logits.size(); i += 3) data.logits[i] += 2;  // class 0 is favoured: vector scaling takes that back
  const Evaluation evaluation = cross_fit(kVector, data);
  CHECK(evaluation.changed > 50);
  CHECK(evaluation.after.metrics.accuracy > evaluation.before.metrics.accuracy);
  const double t = Temperature::fit(data).value;
  const std::vector<double> curve = nll_at(std::vector{t / 2, t, 2 * t}, data);
  CHECK(curve[1] < curve[0]);
  CHECK(curve[1] < curve[2]);
  CHECK(curve[1] == doctest::Approx(nll(data, t)).epsilon(1e-12));
  CHECK(nll_at(std::vector{1.0}, data, 500)[0] == doctest::Approx(nll(data)).epsilon(0.1));
  const double of_one = nll_at(std::vector{1.0}, data, 1)[0];
  bool found = false;
  for (Index i = 0; i < data.size(); ++i) found = found || of_one == nll(RowSubset(data, std::vector{i}), TemperatureCalibrator(1));
  CHECK(found);
}

TEST_CASE("trial: worse than chance ends at the bound and keeps its accuracy (case 12)") {
  Predictions data{2, {}, {}};
  for (int i = 0; i < 200; ++i) {
    data.logits.insert(data.logits.end(), {i % 4 < 3 ? 2.f : 0.f, i % 4 < 3 ? 0.f : 2.f});
    data.labels.push_back(1);
  }
  const Evaluation evaluation = cross_fit(kTemperature, data);
  CHECK(evaluation.fitted.status == Status::at_upper_bound);
  REQUIRE(evaluation.rejected);
  CHECK(evaluation.rejected->metrics.accuracy == evaluation.before.metrics.accuracy);
  CHECK(evaluation.rejected->metrics.nll == doctest::Approx(std::log(2.0)).epsilon(1e-2));
  CHECK(evaluation.after.metrics.nll == evaluation.before.metrics.nll);
  CHECK(evaluation.fitted.calibrator->parameters().empty());
}

TEST_CASE("trial: rows without a mistake leave the logits as they are, whatever was fitted to them") {
  Predictions val = reference::random_predictions(9, 150, 4, 3, 2), test = reference::random_predictions(10, 600, 4, 3, 2);
  for (Index i = 0; i < val.size(); ++i) {
    const auto row = val.logits.begin() + i * 4;
    val.labels[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(std::max_element(row, row + 4) - row);
  }
  for (const CalibratorKind* kind : calibrator_kinds()) {
    CAPTURE(kind->name);
    for (const Evaluation& evaluation : {fit_and_test(*kind, val, test), cross_fit(*kind, val)}) {
      CHECK(evaluation.fitted.calibrator->parameters().empty());
      CHECK_FALSE(is_applied(evaluation.fitted.status));
      CHECK(evaluation.after.metrics.nll == evaluation.before.metrics.nll);
      CHECK(evaluation.changed == 0);
    }
  }
  CHECK(fit_and_test(kTemperature, val, test).fitted.status == Status::at_lower_bound);
  CHECK_THROWS_WITH_AS(fit_and_test(kTemperature, {2, {1, 0}, {0}}, {2, {1, 0}, {0}}),
                       "calibration: 1 sample cannot be fitted on and measured; give at least two", Error);
}

}  // namespace
}  // namespace temper::calibration
