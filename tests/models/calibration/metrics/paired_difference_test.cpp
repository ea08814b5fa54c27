#include "models/calibration/metrics/paired_difference.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/engine/parallel.h"
#include "models/calibration/metrics/selective.h"

namespace temper::calibration {
namespace {

PairedDifference compare(const Confidences& a, const Confidences& b) { return paired_difference(std::vector{&a}, std::vector{&b}); }

// Right with the probability `confidence` less `gap`; both of one seed see the same samples.
Confidences draw_result(std::uint64_t seed, std::size_t samples, double gap, double noise = 0) {
  const Random truth(seed, {21}), own(seed, {22});
  Confidences result;
  for (std::size_t i = 0; i < samples; ++i) {
    const double c = 0.6 + 0.4 * truth.uniform(2 * i);
    result.correct.push_back(truth.uniform(2 * i + 1) < c ? 1 : 0);
    result.confidence.push_back(std::clamp(c + gap + noise * (own.uniform(i) - 0.5), 0.0, 1.0));
  }
  return result;
}

TEST_CASE("paired difference: the interval of the accuracy by hand") {
  // 100 samples, of which the first result alone is right about 9, the second alone about 2.
  Confidences a{std::vector<double>(100, 0.75), std::vector<std::uint8_t>(100, 1)}, b = a;
  for (std::size_t i = 0; i < 9; ++i) b.correct[i] = 0;
  a.correct[50] = a.correct[51] = 0;
  const double centre = 7.0 / 102, half = 1.959964 * std::sqrt(12 - 49.0 / 102) / 102;
  const Interval found = compare(a, b).accuracy;
  CHECK(found.lower == doctest::Approx(centre - half).epsilon(1e-6));
  CHECK(found.upper == doctest::Approx(centre + half).epsilon(1e-6));
  CHECK(is_significant(found));
  CHECK(compare(b, a).accuracy.lower == doctest::Approx(-found.upper));
  // Four against none are no proof, six are: as McNemar's exact test has it, 0.125 and 0.031.
  a.correct.assign(100, 1);
  const auto wrong_about = [&](std::size_t count) {
    b.correct.assign(100, 1);
    for (std::size_t i = 0; i < count; ++i) b.correct[i] = 0;
    return is_significant(compare(a, b).accuracy);
  };
  CHECK_FALSE(wrong_about(4));
  CHECK(wrong_about(6));
}

TEST_CASE("paired difference: a result against itself differs in nothing") {
  const Confidences a = draw_result(1, 300, 0);
  const PairedDifference none = compare(a, a);
  for (const Interval& interval : {none.ece, none.aurc, none.excess_aurc}) {
    CHECK(interval.lower == 0);
    CHECK(interval.upper == 0);
    CHECK(is_measured(interval));
    CHECK_FALSE(is_significant(interval));
  }
  CHECK_FALSE(is_significant(none.accuracy));
}

TEST_CASE("paired difference: what differs is found, and what does not is not") {
  int ece_found = 0, order_found = 0, ece_false = 0, order_false = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Confidences a = draw_result(seed, 400, 0), off = draw_result(seed, 400, -0.2), noisy = draw_result(seed, 400, 0, 1.5),
                      alike = draw_result(seed, 400, 0, 0.02);
    const PairedDifference shifted = compare(off, a), spoilt = compare(noisy, a), same = compare(alike, a);
    ece_found += shifted.ece.lower > 0 ? 1 : 0;
    order_found += spoilt.excess_aurc.lower > 0 && spoilt.aurc.lower > 0 ? 1 : 0;
    ece_false += is_significant(same.ece) ? 1 : 0;
    order_false += is_significant(same.excess_aurc) || is_significant(same.aurc) ? 1 : 0;
  }
  CHECK(ece_found >= 38);
  CHECK(order_found >= 30);
  CHECK(ece_false <= 4);
  CHECK(order_false <= 6);
}

TEST_CASE("paired difference: the area under the curve, and its excess, are those of the metrics, ties included") {
  Confidences a = draw_result(3, 200, 0);
  for (double& c : a.confidence) c = std::round(c * 20) / 20;
  const double area = aurc(a.confidence, a.correct);
  double wrong = 0, best = 0;
  for (const std::uint8_t one : a.correct) wrong += one ? 0 : 1;
  std::vector<double> sorted(200);
  std::vector<std::uint8_t> outcome(200);
  for (std::size_t i = 0; i < 200; ++i) {
    sorted[i] = 1 - static_cast<double>(i) / 200;
    outcome[i] = i < 200 - static_cast<std::size_t>(wrong) ? 1 : 0;
  }
  best = aurc(sorted, outcome);
  CHECK(excess_aurc(a) == doctest::Approx(area - best).epsilon(1e-12));
  CHECK(excess_aurc({sorted, outcome}) == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("paired difference: more mistakes alone do not spoil an order") {
  // Both are in perfect order; the second has ten times the mistakes.
  Confidences few, many;
  for (std::size_t i = 0; i < 500; ++i) {
    few.confidence.push_back(1 - static_cast<double>(i) / 500);
    few.correct.push_back(i < 490 ? 1 : 0);
    many.correct.push_back(i < 400 ? 1 : 0);
  }
  many.confidence = few.confidence;
  const PairedDifference found = compare(many, few);
  CHECK(found.aurc.lower > 0);
  CHECK_FALSE(is_significant(found.excess_aurc));
}

TEST_CASE("paired difference: runs of several seeds are averaged, the NLL is that of the losses, few samples prove nothing") {
  const Confidences a = draw_result(1, 300, 0), b = draw_result(1, 300, -0.2);
  const std::vector<const Confidences*> mixed{&a, &b}, both{&b, &a};
  CHECK(paired_difference(mixed, both).ece.upper == doctest::Approx(0).epsilon(1e-12));
  CHECK(paired_difference(mixed, std::vector{&a}).ece.lower > 0);
  CHECK(paired_difference(mixed, std::vector{&a}).ece.upper < compare(b, a).ece.upper);
  CHECK_THROWS_AS(paired_difference(mixed, {}), Error);
  const Confidences other = draw_result(1, 299, 0);
  CHECK_THROWS_AS(compare(a, other), Error);

  std::vector<double> first(100), second(100);
  for (std::size_t i = 0; i < 100; ++i) {
    first[i] = i % 2 == 0 ? 1.2 : 0.4;
    second[i] = 0.5;
  }
  const Interval loss = paired_mean_difference(first, second);  // 0.7 and -0.1 in turn: mean 0.3, deviation 0.4 sqrt(100 / 99)
  CHECK(loss.lower == doctest::Approx(0.3 - 1.959964 * 0.4 / std::sqrt(99.0)).epsilon(1e-6));
  CHECK(is_significant(loss));
  first[3] = std::numeric_limits<double>::infinity();
  CHECK_FALSE(is_measured(paired_mean_difference(first, second)));
  CHECK_FALSE(is_measured(compare(draw_result(1, 9, 0), draw_result(1, 9, -0.3)).ece));
  CHECK_FALSE(is_significant(kNoInterval));
}

TEST_CASE("paired difference: the same on any number of threads") {
  const Confidences a = draw_result(5, 700, 0), b = draw_result(5, 700, 0.01, 0.3);
  const int before = threads();
  set_threads(1);
  const PairedDifference one = compare(a, b);
  set_threads(3);
  const PairedDifference three = compare(a, b);
  set_threads(before);
  CHECK(one.ece.lower == three.ece.lower);
  CHECK(one.aurc.upper == three.aurc.upper);
}

}  // namespace
}  // namespace temper::calibration
