#include "models/calibration/calibrators/temperature.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/base/check.h"
#include "models/calibration/metrics/metrics.h"
#include "models/calibration/softmax.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using reference::kInf;
using reference::Real;
using Status = Temperature::Status;

// What has to hold for any data at all.
Temperature checked_fit(const Predictions& data) {
  const Temperature fit = Temperature::fit(data);
  CHECK(fit.value >= Temperature::kLowest);
  CHECK(fit.value <= Temperature::kHighest);
  CHECK(fit.nll_after <= fit.nll_before);
  CHECK(fit.nll_before == nll(data));
  if (std::isfinite(fit.nll_before)) CHECK(std::abs(fit.nll_after - nll(data, fit.value)) <= 1e-13 * (1 + fit.nll_before));
  CHECK((fit.status == Status::kept_identity) == (fit.nll_after == fit.nll_before));
  if (fit.status == Status::kept_identity) CHECK(fit.value == 1.0);
  if (fit.status == Status::at_lower_bound) CHECK(fit.value == Temperature::kLowest);
  if (fit.status == Status::at_upper_bound) CHECK(fit.value == Temperature::kHighest);
  const Predictions scaled = fit.apply(data);
  CHECK(scaled.labels == data.labels);
  CHECK(accuracy(scaled) == accuracy(data));
  for (Index i = 0; i < data.size(); ++i) REQUIRE(argmax(scaled.row(i)) == argmax(data.row(i)));
  return fit;
}

// |a / b - 1| <= tolerance; doctest's Approx is absolute for small numbers.
bool close(double a, double b, double tolerance) { return std::abs(a / b - 1) <= tolerance; }

Predictions times(Predictions data, double factor) {
  for (float& logit : data.logits) logit = static_cast<float>(static_cast<double>(logit) * factor);
  return data;
}

}  // namespace

TEST_CASE("temperature: worse than chance ends at the upper bound, never below 0 (case 12)") {
  const Predictions data{2, {2, 0, 2, 0, 2, 0, 0, 2}, {1, 1, 1, 1}};
  const Temperature fit = checked_fit(data);
  CHECK(fit.status == Status::at_upper_bound);
  CHECK(fit.value == Temperature::kHighest);
  CHECK(fit.nll_after == doctest::Approx(0.693147).epsilon(1e-3));
  CHECK(fit.nll_after > 0.693147);  // ln 2 is the infimum of T > 0; 0.562335 would need T = -1.82
  CHECK(accuracy(data) == 0.25);
}

TEST_CASE("temperature: the one that generated the data, by hand") {
  // Logits +-a, right three times of four: the best p is 3/4, the best gap ln 3, so T = 2a / ln 3.
  for (const float a : {0.05f, 0.5f, 3.0f, 40.0f}) {
    const Predictions data{2, {a, -a, a, -a, -a, a, a, -a}, {0, 0, 1, 1}};
    const Temperature fit = checked_fit(data);
    CHECK(fit.status == Status::converged);
    CHECK(close(fit.value, 2 * static_cast<double>(a) / std::log(3.0), 1e-9));
    CHECK(fit.nll_after == doctest::Approx(std::log(4.0) - 0.75 * std::log(3.0)).epsilon(1e-12));
  }
}

TEST_CASE("temperature: smoothed targets that are fitted need T = 1, and scaled by s T = s (paper)") {
  struct Anchor {
    Index classes, samples;
    double alpha;
  };
  for (const Anchor a : {Anchor{10, 100, .1}, {10, 200, .05}, {100, 1000, .1}, {100, 2000, .05}})
    for (const double scale : {0.1, 0.5, 1.0, 1.9, 20.0}) {
      const Temperature fit = checked_fit(reference::smoothed_optimum(a.classes, a.samples, a.alpha, scale));
      CHECK(close(fit.value, scale, 1e-6));  // the gap is rounded to float
    }
}

TEST_CASE("temperature: equals bisection in long double, and the slope there is 0") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto samples = static_cast<Index>(5 + 10 * seed);
    const auto classes = static_cast<Index>(2 + seed % 9);
    const double scale = std::pow(10.0, -1.5 + 0.1 * static_cast<double>(seed));  // 0.03 .. 250
    const Predictions data = reference::random_predictions(seed, samples, classes, scale);
    const Temperature fit = checked_fit(data);
    if (fit.status != Status::converged) continue;
    CHECK(close(fit.value, static_cast<double>(reference::best_temperature(data, 1e-3L, 1e3L)), 1e-9));
    CHECK(std::abs(static_cast<double>(reference::slope_in_b(data, 1 / static_cast<Real>(fit.value)))) / fit.value < 1e-9);
    for (const double factor : {0.5, 0.9, 0.999, 1.001, 1.1, 2.0})
      CHECK(static_cast<double>(reference::nll(data, static_cast<Real>(fit.value * factor))) > fit.nll_after);
  }
}

TEST_CASE("temperature: a grid finds nothing better within the bounds, whatever the status") {
  for (std::uint64_t seed = 100; seed < 130; ++seed) {
    const Predictions data =
        reference::random_predictions(seed, 1 + static_cast<Index>(seed % 7), 2 + static_cast<Index>(seed % 3), 3, 0.5);
    const Temperature fit = checked_fit(data);
    for (int i = -60; i <= 60; ++i) CHECK(fit.nll_after <= nll(data, std::pow(10, i / 20.0)) * (1 + 1e-13));
  }
}

TEST_CASE("temperature: large sets, solved over a preview first, find the same minimum in any order") {
  const Predictions data = reference::random_predictions(77, 12000, 4, 2.5);
  const Temperature fit = checked_fit(data);
  CHECK(fit.status == Status::converged);
  CHECK(std::abs(static_cast<double>(reference::slope_in_b(data, 1 / static_cast<Real>(fit.value)))) < 1e-9);
  CHECK(close(checked_fit(reference::shuffled(data, 1)).value, fit.value, 1e-11));

  // A set whose first samples of every block are unlike the rest, and one with a single mistake: a preview that misleads costs time only.
  Predictions periodic = data;
  for (Index i = 0; i < periodic.size(); i += 5)
    for (Index k = 0; k < 4; ++k) periodic.logits[static_cast<std::size_t>(4 * i + k)] *= 50;
  CHECK(close(checked_fit(periodic).value, static_cast<double>(reference::best_temperature(periodic, 1, 1000)), 1e-9));
  Predictions one_mistake{2, {}, std::vector<std::int32_t>(20000, 0)};
  for (Index i = 0; i < 20000; ++i) one_mistake.logits.insert(one_mistake.logits.end(), {1, 0});
  one_mistake.labels[9999] = 1;  // best gap ln 19999
  CHECK(close(checked_fit(one_mistake).value, 1 / std::log(19999.0), 1e-9));
}

TEST_CASE("temperature: data without a mistake end at the lower bound") {
  CHECK(checked_fit({2, {2, 0, 0, 1}, {0, 1}}).status == Status::at_lower_bound);
  CHECK(checked_fit({3, {0.1f, 0, 0}, {0}}).status == Status::at_lower_bound);                   // one sample
  CHECK(checked_fit({2, {30, 0, 0, 30}, {0, 1}}).status == Status::at_lower_bound);              // the NLL falls to exactly 0
  CHECK(checked_fit({3, {5, 1, -kInf, -kInf, 0, 1}, {0, 2}}).status == Status::at_lower_bound);  // impossible classes
  CHECK(checked_fit(reference::random_predictions(4, 200, 5, 1, 30)).status == Status::at_lower_bound);
  CHECK(checked_fit(reference::random_predictions(4, 20000, 3, 1, 30)).status == Status::at_lower_bound);
}

TEST_CASE("temperature: one wrong sample, or ties at the top, end at the upper or lower bound") {
  CHECK(checked_fit({2, {3, 0}, {1}}).status == Status::at_upper_bound);
  CHECK(checked_fit({3, {1, 1, 0}, {1}}).status == Status::at_lower_bound);  // the tie is worth ln 2 at every T, the third class goes
}

TEST_CASE("temperature: kept at 1 where no other is better") {
  CHECK(checked_fit({3, {4, 4, 4, -1, -1, -1}, {0, 2}}).status == Status::kept_identity);        // equal logits
  CHECK(checked_fit({1, {3, -5e7f}, {0, 0}}).status == Status::kept_identity);                   // one class
  CHECK(checked_fit({2, {0, -kInf, -kInf, 9}, {0, 1}}).status == Status::kept_identity);         // one-hot, right
  CHECK(checked_fit({2, {2000, 0, 0, 2000}, {0, 1}}).status == Status::kept_identity);           // the NLL is 0 already
  CHECK(checked_fit({2, {2e-30f, 1e-30f, 0, 1e-30f}, {0, 0}}).status == Status::kept_identity);  // exp(1e-30 / T) = 1 within the bounds
  CHECK(checked_fit({2, {0.5f, -0.5f, -0.5f, 0.5f}, {0, 0}}).status == Status::at_upper_bound);  // half right: ln 2 is best

  const Temperature impossible = checked_fit({2, {0, -kInf, 3, 1}, {1, 1}});  // an NLL of infinity at every T
  CHECK(impossible.status == Status::kept_identity);
  CHECK(impossible.nll_after == std::numeric_limits<double>::infinity());
}

TEST_CASE("temperature: huge and tiny logits") {
  const Predictions data = reference::random_predictions(21, 300, 6);
  const double best = static_cast<double>(reference::best_temperature(data, 1e-3L, 1e3L));
  CHECK(close(checked_fit(times(data, 100)).value, 100 * best, 1e-6));
  CHECK(close(checked_fit(times(data, 0.01)).value, 0.01 * best, 1e-6));
  const Temperature huge = checked_fit(times(data, 1e8));
  CHECK(huge.status == Status::at_upper_bound);
  CHECK(std::isfinite(huge.nll_after));
  CHECK(checked_fit(times(data, 1e-5)).status == Status::at_lower_bound);
  CHECK(checked_fit(times(data, 1e37)).status == Status::at_upper_bound);

  // Huge values whose differences are ordinary: the shift must not cost a digit.
  const Predictions shifted{2, {1e8f, 1e8f - 8, 1e8f, 1e8f - 8, 1e8f - 8, 1e8f, 1e8f, 1e8f - 8}, {0, 0, 1, 1}};
  CHECK(close(checked_fit(shifted).value, 8 / std::log(3.0), 1e-9));
}

TEST_CASE("temperature: K = 2 with cosine similarities as logits converges well inside the bounds") {
  const Temperature fit = checked_fit(times(reference::random_predictions(9, 2000, 2, 1.2), 0.01));
  CHECK(fit.status == Status::converged);
  CHECK(fit.value < 0.03);
}

TEST_CASE("temperature: scaled predictions say at T = 1 what the data say at T") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Predictions data = reference::random_predictions(seed, 200, 8, 4);
    const Temperature fit = Temperature::fit(data);
    const Metrics expected = metrics(data, fit.value), found = metrics(fit.apply(data));
    CHECK(found.accuracy == expected.accuracy);
    CHECK(found.nll == doctest::Approx(expected.nll).epsilon(1e-6));
    CHECK(found.brier == doctest::Approx(expected.brier).epsilon(1e-6));
    CHECK(metrics(data).accuracy == expected.accuracy);
    CHECK(close(Temperature::fit(fit.apply(data)).value, 1, 1e-5));
  }
}

TEST_CASE("temperature: applying keeps the largest class, possible classes and large differences") {
  const float one = 1.0f, above = std::nextafter(one, 2.0f), huge = std::numeric_limits<float>::max();
  const Temperature hot{.value = 1000}, cold{.value = 1e-3};
  const Predictions close{3, {one, above, -1}, {1}};
  CHECK(argmax(hot.apply(close).row(0)) == 1);
  const Predictions denormal{2, {0, std::numeric_limits<float>::denorm_min()}, {1}};
  CHECK(argmax(hot.apply(denormal).row(0)) == 1);
  const Predictions wide{3, {huge, -huge, -kInf}, {0}};
  CHECK(cold.apply(wide).logits == std::vector<float>{0, -huge, -kInf});
  CHECK(Temperature{.value = 1e-300}.apply(wide).logits == std::vector<float>{0, -huge, -kInf});
  const Predictions shifted{2, {1e8f, 1e8f - 8}, {0}};  // 1e8 / 3 and (1e8 - 8) / 3 as floats differ by 2 or 4
  CHECK(Temperature{.value = 3}.apply(shifted).logits[1] == doctest::Approx(-8.0 / 3).epsilon(1e-6));
  CHECK_THROWS_AS(Temperature{.value = 0}.apply(close), Error);
  CHECK_THROWS_AS(Temperature{.value = -1.8}.apply(close), Error);
  CHECK_THROWS_AS(hot.apply({2, {1, 2}, {5}}), Error);
}

TEST_CASE("temperature: bad data are refused") {
  CHECK_THROWS_AS(Temperature::fit(Predictions{3, {}, {}}), Error);
  CHECK_THROWS_AS(Temperature::fit(Predictions{2, {1, std::nanf("")}, {0}}), Error);
  CHECK_THROWS_AS(Temperature::fit(Predictions{2, {1, kInf}, {0}}), Error);
  CHECK_THROWS_AS(Temperature::fit(Predictions{2, {-kInf, -kInf}, {0}}), Error);
}

TEST_CASE("temperature: the words of a status") {
  CHECK(name(Status::converged) == "converged");
  CHECK(name(Status::at_lower_bound) == "at_lower_bound");
  CHECK(name(Status::at_upper_bound) == "at_upper_bound");
  CHECK(name(Status::kept_identity) == "kept_identity");
}

}  // namespace temper::calibration
