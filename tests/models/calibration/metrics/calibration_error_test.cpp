#include "models/calibration/metrics/calibration_error.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/engine/parallel.h"
#include "models/calibration/metrics/metrics.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

struct Sample {
  std::vector<double> confidence;
  std::vector<std::uint8_t> correct;
};

// Confidences uniform in [0.5, 1], right with that probability less `gap`.
Sample draw(std::uint64_t seed, std::size_t samples, double gap) {
  const Random random(seed, {11});
  Sample sample;
  for (std::size_t i = 0; i < samples; ++i) {
    const double c = 0.5 + random.uniform(2 * i) / 2;
    sample.confidence.push_back(c);
    sample.correct.push_back(random.uniform(2 * i + 1) < c - gap ? 1 : 0);
  }
  return sample;
}

TEST_CASE("calibration error: debiased by hand, and bins of one sample add nothing") {
  // One bin: 4 samples, accuracy 1/2, confidence 0.9: 0.16 - 0.25 / 3.
  const Bin four{.lower = 0, .upper = 1, .count = 4, .confidence = 0.9, .accuracy = 0.5};
  CHECK(debiased_ece(std::vector{four}) == doctest::Approx(std::sqrt(0.16 - 0.25 / 3)).epsilon(1e-12));
  const Bin one{.lower = 0, .upper = 1, .count = 1, .confidence = 0.2, .accuracy = 1};
  CHECK(debiased_ece(std::vector{one}) == 0);
  CHECK(debiased_ece(std::vector{four, one}) == doctest::Approx(std::sqrt((0.16 - 0.25 / 3) * 4 / 5)).epsilon(1e-12));
  const Bin two{.lower = 0, .upper = 1, .count = 2, .confidence = 0.9, .accuracy = 0};
  CHECK(debiased_ece(std::vector{two}) == doctest::Approx(0.9).epsilon(1e-12));
  CHECK(debiased_ece(std::vector{two, four}) == doctest::Approx(std::sqrt((2 * 0.81 + 4 * (0.16 - 0.25 / 3)) / 6)).epsilon(1e-12));
  CHECK_THROWS_AS(debiased_ece({}), Error);
}

TEST_CASE("calibration error: debiased and smooth stay near the truth where the plain ECE does not") {
  double plain = 0, debiased = 0, smooth = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Sample calibrated = draw(seed, 300, 0);
    const auto bins = reliability(calibrated.confidence, calibrated.correct);
    plain += compute_ece(bins) / 40;
    debiased += debiased_ece(bins) / 40;
    smooth += smooth_ece(calibrated.confidence, calibrated.correct) / 40;
  }
  CHECK(plain > 0.04);
  CHECK(debiased < plain / 2);
  CHECK(smooth < plain);
  const Sample off = draw(1, 20000, 0.2);
  CHECK(debiased_ece(reliability(off.confidence, off.correct)) == doctest::Approx(0.2).epsilon(0.03));
  CHECK(smooth_ece(off.confidence, off.correct) == doctest::Approx(0.2).epsilon(0.03));
}

// The residuals under a Gaussian that is reflected at 0 and 1, its width where the integral of their size equals it.
TEST_CASE("calibration error: the smooth one is that of the definition") {
  for (const double gap : {0.0, 0.15}) {
    const Sample sample = draw(7, 25, gap);
    const auto integral = [&](double width) {
      constexpr int kSteps = 2000;
      double sum = 0;
      for (int step = 0; step <= kSteps; ++step) {
        const double t = static_cast<double>(step) / kSteps;
        double smooth = 0;
        for (std::size_t i = 0; i < 25; ++i) {
          double kernel = 0;
          for (int m = -3; m <= 3; ++m) {
            for (const double image : {2 * m + sample.confidence[i], 2 * m - sample.confidence[i]})
              kernel += std::exp(-(t - image) * (t - image) / (2 * width * width)) / (width * std::sqrt(2 * std::numbers::pi));
          }
          smooth += (sample.correct[i] - sample.confidence[i]) / 25 * kernel;
        }
        sum += std::abs(smooth) / kSteps * (step == 0 || step == kSteps ? 0.5 : 1);
      }
      return sum;
    };
    double narrow = 0.001, wide = 1;
    while (wide - narrow > 1e-7) {
      const double middle = (narrow + wide) / 2;
      (integral(middle) > middle ? narrow : wide) = middle;
    }
    CHECK(smooth_ece(sample.confidence, sample.correct) == doctest::Approx(wide).epsilon(2e-5));
  }
}

TEST_CASE("calibration error: an interval looks at all samples, however they are ordered") {
  // The first 3,000 are calibrated, the other 3,000 are not.
  Sample sample = draw(4, 3000, 0), off = draw(5, 3000, 0.3);
  sample.confidence.insert(sample.confidence.end(), off.confidence.begin(), off.confidence.end());
  sample.correct.insert(sample.correct.end(), off.correct.begin(), off.correct.end());
  // Every bin is less often right than it says: the ECE is the mean of confidence - correct, and the interval that of a mean.
  double mean = 0, squares = 0;
  for (std::size_t i = 0; i < 6000; ++i) mean += (sample.confidence[i] - sample.correct[i]) / 6000;
  for (std::size_t i = 0; i < 6000; ++i) squares += std::pow(sample.confidence[i] - sample.correct[i] - mean, 2) / 6000;
  const double error = compute_ece(reliability(sample.confidence, sample.correct)), deviation = std::sqrt(squares / 6000);
  CHECK(error == doctest::Approx(mean).epsilon(1e-9));
  for (const double level : {0.95, 0.8}) {
    const double factor = level == 0.95 ? 1.95996 : 1.28155;
    const Interval interval = ece_interval(sample.confidence, sample.correct, {.level = level, .resamples = 4000});
    CHECK(std::abs((interval.lower - error) / (factor * deviation) + 1) < 0.08);
    CHECK(std::abs((interval.upper - error) / (factor * deviation) - 1) < 0.08);
  }
}

TEST_CASE("calibration error: the bootstrap interval covers the truth about as often as it says") {
  int covered = 0, percentile_like = 0;
  constexpr int kRuns = 100;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    const Sample sample = draw(seed, 1000, 0.1);  // a true ECE of 0.1
    const Interval interval = ece_interval(sample.confidence, sample.correct, {.resamples = 200});
    covered += interval.lower <= 0.1 && 0.1 <= interval.upper ? 1 : 0;
    percentile_like += interval.lower < interval.upper ? 1 : 0;
  }
  CHECK(covered >= 85);
  CHECK(percentile_like == kRuns);
  int zero = 0;
  for (std::uint64_t seed = 0; seed < kRuns; ++seed) {
    const Sample sample = draw(seed, 1000, 0);
    zero += ece_interval(sample.confidence, sample.correct, {.resamples = 200}).lower <= 0.01 ? 1 : 0;
  }
  CHECK(zero >= 80);  // a calibrated model is not called miscalibrated
}

TEST_CASE("calibration error: an interval is the same for any number of threads, and narrows with the samples") {
  const Sample sample = draw(3, 4000, 0.05);
  const int before = threads();
  set_threads(1);
  const Interval one = ece_interval(sample.confidence, sample.correct);
  set_threads(3);
  const Interval three = ece_interval(sample.confidence, sample.correct);
  set_threads(before);
  CHECK(one.lower == three.lower);
  CHECK(one.upper == three.upper);
  const Sample few = draw(3, 200, 0.05);
  CHECK(ece_interval(few.confidence, few.correct).width() > one.width());
}

TEST_CASE("calibration error: the ends of an interval lie on the line between resamples, as far from their middle on both sides") {
  const Sample sample = draw(5, 400, 0.2);  // whose ECE lies between the two resamples, so nothing is extended
  const auto middle = [&](double level) {
    const Interval interval = ece_interval(sample.confidence, sample.correct, {.level = level, .resamples = 2});
    CHECK(interval.lower > 0);
    return (interval.lower + interval.upper) / 2;
  };
  CHECK(middle(0.5) == doctest::Approx(middle(0.9)).epsilon(1e-12));
  const auto width = [&](double level) {
    return ece_interval(sample.confidence, sample.correct, {.level = level, .resamples = 2}).width();
  };
  CHECK(width(0.5) / width(0.9) == doctest::Approx(0.5 / 0.9).epsilon(1e-9));
}

TEST_CASE("calibration error: no estimate lies outside of its interval, in old files neither") {
  int at_the_end = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Sample sample = draw(seed, 300, 0);  // calibrated: chance makes the ECE
    const double error = compute_ece(reliability(sample.confidence, sample.correct));
    const Interval interval = ece_interval(sample.confidence, sample.correct, {.resamples = 200});
    CHECK(interval.lower <= error);
    CHECK(interval.upper >= error);
    at_the_end += interval.upper == error ? 1 : 0;
  }
  CHECK(at_the_end > 0);  // which is where it lay outside
  CHECK(with_estimate({0, 0.0077}, 0.0084).upper == 0.0084);
  CHECK(with_estimate({0.1, 0.2}, 0.15).lower == 0.1);
  CHECK(with_estimate({0.1, 0.2}, 0.05).lower == 0.05);
  CHECK(std::isnan(with_estimate({kNotMeasured, kNotMeasured}, 0.1).upper));
  CHECK(with_estimate({0.1, 0.2}, kNotMeasured).upper == 0.2);
}

TEST_CASE("calibration error: one sample, certain confidences, and what is refused") {
  CHECK(smooth_ece(std::vector{1.0}, std::vector<std::uint8_t>{1}) <= 1e-3);
  CHECK(smooth_ece(std::vector{0.0}, std::vector<std::uint8_t>{1}) > 0.4);
  const Interval interval = ece_interval(std::vector{0.7}, std::vector<std::uint8_t>{1});
  CHECK(interval.lower == doctest::Approx(0.3));
  CHECK(interval.upper == doctest::Approx(0.3));
  CHECK_THROWS_AS(smooth_ece({}, {}), Error);
  CHECK_THROWS_AS(smooth_ece(std::vector{std::nan("")}, std::vector<std::uint8_t>{1}), Error);
  CHECK_THROWS_AS(ece_interval(std::vector{0.7}, std::vector<std::uint8_t>{1}, {.level = 1}), Error);
  CHECK_THROWS_AS(ece_interval(std::vector{0.7}, std::vector<std::uint8_t>{1}, {.bins = 0}), Error);
}

TEST_CASE("metrics stream: batches of any size give the numbers of all at once, in any order") {
  const Predictions data = reference::random_predictions(12, 3000, 7, 3), other = reference::shuffled(data, 4);
  const Metrics whole = metrics(data);
  const auto check_equal = [&](const Metrics& m) {
    for (const auto value : {&Metrics::accuracy, &Metrics::nll, &Metrics::ece, &Metrics::mce, &Metrics::ace, &Metrics::classwise_ece,
                             &Metrics::brier, &Metrics::debiased_ece, &Metrics::smooth_ece, &Metrics::brier_reliability,
                             &Metrics::brier_resolution, &Metrics::brier_uncertainty, &Metrics::aurc, &Metrics::auroc})
      CHECK(std::abs(m.*value - whole.*value) <= 1e-12);
    CHECK(m.samples == whole.samples);
  };
  check_equal(metrics(other));
  for (const Index batch : {1, 64, 999}) {
    MetricsStream stream(7);
    std::vector<Index> rows(3000);
    for (Index i = 0; i < 3000; ++i) rows[static_cast<std::size_t>(i)] = i;
    for (Index begin = 0; begin < 3000; begin += batch) {
      const auto count = static_cast<std::size_t>(std::min(batch, 3000 - begin));
      stream.add(RowSubset(data, std::span(rows).subspan(static_cast<std::size_t>(begin), count)), *identity_calibrator());
    }
    check_equal(stream.result());
  }
}

TEST_CASE("metrics stream: all errors lie in [0,1], whatever the data, and the parts of the Brier score make it up") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Predictions data = reference::random_predictions(seed, 1 + static_cast<Index>(seed % 9), 1 + static_cast<Index>(seed % 5),
                                                           std::pow(10, static_cast<double>(seed % 7) - 2));
    const Metrics m = metrics(data);
    for (const double error : {m.ece, m.mce, m.ace, m.classwise_ece, m.debiased_ece, m.aurc}) CHECK((error >= 0 && error <= 1 + 1e-12));
    CHECK((std::isnan(m.auroc) || (m.auroc >= 0 && m.auroc <= 1)));
  }
  // Equal probabilities inside every bin: Murphy's identity is exact.
  const Metrics same = metrics(reference::smoothed_optimum(4, 400, 0.2, 1.7));
  CHECK(same.brier == doctest::Approx(same.brier_reliability - same.brier_resolution + same.brier_uncertainty).epsilon(1e-12));
}

TEST_CASE("metrics stream: nothing, other classes and bad rows are refused") {
  MetricsStream stream(3);
  CHECK_THROWS_AS(stream.result(), Error);
  CHECK_THROWS_AS(stream.add(Predictions{2, {1, 2}, {0}}, *identity_calibrator()), Error);
  CHECK_THROWS_AS(stream.add(Predictions{3, {1, 2, 3}, {3}}, *identity_calibrator()), Error);
  CHECK_THROWS_AS(MetricsStream(0), Error);
}

}  // namespace
}  // namespace temper::calibration
