#include "models/calibration/metrics/metrics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "core/base/check.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using reference::kInf;
using reference::Real;

Predictions from_probabilities(Index classes, const std::vector<double>& p, std::vector<std::int32_t> labels) {
  Predictions data{classes, {}, std::move(labels)};
  for (const double value : p) data.logits.push_back(static_cast<float>(std::log(value)));
  return data;
}

// All of it again in long double: a bin holds what lies in (i/n, (i+1)/n].
Metrics naive_metrics(const Predictions& data, Real temperature, int n = 15) {
  const auto samples = static_cast<Real>(data.size());
  std::vector<Real> gap(static_cast<std::size_t>(n)), count(gap.size());
  std::vector<std::vector<Real>> class_gap(static_cast<std::size_t>(data.classes), gap);
  const auto bin = [n](Real p) {
    int i = 0;
    while (p > static_cast<Real>(i + 1) / n) ++i;
    return static_cast<std::size_t>(i);
  };
  Real correct = 0, brier = 0;
  for (Index i = 0; i < data.size(); ++i) {
    const std::vector<Real> p = reference::softmax(data.row(i), temperature);
    const auto top = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    const Real right = top == data.label(i) ? 1 : 0;
    correct += right;
    gap[bin(p[top])] += right - p[top];
    count[bin(p[top])] += 1;
    for (std::size_t k = 0; k < p.size(); ++k) {
      const Real y = k == data.label(i) ? 1 : 0;
      brier += (p[k] - y) * (p[k] - y);
      class_gap[k][bin(p[k])] += y - p[k];
    }
  }
  Real ece = 0, mce = 0, classwise = 0;
  for (std::size_t b = 0; b < gap.size(); ++b) {
    ece += std::abs(gap[b]) / samples;
    if (count[b] > 0) mce = std::max(mce, std::abs(gap[b]) / count[b]);
  }
  for (const std::vector<Real>& one : class_gap)
    for (const Real g : one) classwise += std::abs(g) / samples / static_cast<Real>(data.classes);
  const auto out = [](Real x) { return static_cast<double>(x); };
  return {data.size(),    out(correct / samples), out(reference::nll(data, temperature)), out(ece), out(mce), 0,
          out(classwise), out(brier / samples)};
}

void check_close(const Metrics& a, const Metrics& b) {
  CHECK(a.samples == b.samples);
  CHECK(a.accuracy == b.accuracy);
  CHECK(std::abs(a.nll - b.nll) <= 1e-12 * (1 + std::abs(b.nll)));
  CHECK(std::abs(a.ece - b.ece) <= 1e-12);
  CHECK(std::abs(a.mce - b.mce) <= 1e-12);
  CHECK(std::abs(a.classwise_ece - b.classwise_ece) <= 1e-12);
  CHECK(std::abs(a.brier - b.brier) <= 1e-12);
}

}  // namespace

TEST_CASE("metrics: two samples by hand") {
  // Sample 0 says .7 for its label; sample 1 says .6 for class 2 but is class 0, to which it gives .3.
  const Predictions data = from_probabilities(3, {0.7, 0.2, 0.1, 0.3, 0.1, 0.6}, {0, 0});
  const Metrics m = metrics(data);
  CHECK(m.samples == 2);
  CHECK(m.accuracy == 0.5);
  CHECK(m.nll == doctest::Approx(-(std::log(0.7) + std::log(0.3)) / 2).epsilon(1e-6));
  CHECK(m.brier == doctest::Approx((0.09 + 0.04 + 0.01 + 0.49 + 0.01 + 0.36) / 2).epsilon(1e-6));
  CHECK(m.ece == doctest::Approx((0.3 + 0.6) / 2).epsilon(1e-6));
  CHECK(m.mce == doctest::Approx(0.6).epsilon(1e-6));
  CHECK(m.ace == doctest::Approx((0.3 + 0.6) / 2).epsilon(1e-6));
  // class 0: |1-.7| + |1-.3|; class 1: .2 + .1; class 2: .1 + .6, each in a bin of its own; / (N K)
  CHECK(m.classwise_ece == doctest::Approx((1.0 + 0.3 + 0.7) / 6).epsilon(1e-6));
}

TEST_CASE("metrics: the NLL is of the labels, not of smoothed targets (case 4)") {
  const Predictions data = from_probabilities(10, {.91, .01, .01, .01, .01, .01, .01, .01, .01, .01}, {0});
  CHECK(nll(data) == doctest::Approx(0.094311).epsilon(1e-5));
}

TEST_CASE("metrics: a classifier that fits smoothed targets has their entropy as NLL and no calibration error (paper)") {
  struct Anchor {
    Index classes, samples;
    double alpha, loss;
  };
  for (const Anchor a : {Anchor{10, 100, .1, .5003}, {10, 200, .05, .2824}, {100, 1000, .1, .7778}, {100, 2000, .05, .4245}}) {
    const Metrics m = metrics(reference::smoothed_optimum(a.classes, a.samples, a.alpha));
    CHECK(m.nll == doctest::Approx(a.loss).epsilon(2e-4));
    CHECK(m.accuracy == doctest::Approx(1 - a.alpha + a.alpha / static_cast<double>(a.classes)));
    CHECK(m.ece < 1e-6);
    CHECK(m.mce < 1e-6);
    CHECK(m.ace < 1e-6);
    CHECK(m.classwise_ece < 1e-6);
  }
}

TEST_CASE("metrics: probabilities taken for logits cannot have a small NLL (S1)") {
  Predictions data{10, std::vector<float>(100, 0.0f), {}};
  for (std::size_t i = 0; i < 10; ++i) {
    data.labels.push_back(static_cast<std::int32_t>(i));
    data.logits[i * 11] = 1.0f;
  }
  CHECK(nll(data) == doctest::Approx(1.461150).epsilon(1e-6));
  CHECK(looks_like_probabilities(data));
}

TEST_CASE("metrics: agree with the naive formulas on random predictions") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const auto samples = static_cast<Index>(1 + seed * seed);
    const auto classes = static_cast<Index>(1 + seed % 12);
    const Predictions data = reference::random_predictions(seed, samples, classes, 0.3 + 0.2 * static_cast<double>(seed));
    for (const double temperature : {0.5, 1.0, 3.0}) {
      const Metrics m = metrics(data, temperature);
      check_close(m, naive_metrics(data, temperature));
      CHECK(m.accuracy == accuracy(data));
      CHECK(m.nll == nll(data, temperature));
      CHECK(m.brier == brier(data, temperature));
      CHECK(m.classwise_ece == classwise_ece(data, temperature));
      CHECK(m.ece == compute_ece(reliability(data, temperature)));
      CHECK(m.mce == compute_mce(reliability(data, temperature)));
    }
    CHECK(std::abs(classwise_ece(data, 1, 7) - naive_metrics(data, 1, 7).classwise_ece) <= 1e-12);
  }
}

TEST_CASE("metrics: do not depend on the order of the samples, nor on a constant added to a row") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Predictions data = reference::random_predictions(seed, 300, 5);
    const Metrics m = metrics(data), other = metrics(reference::shuffled(data, seed));
    check_close(m, other);
    CHECK(std::abs(m.ace - other.ace) <= 1e-12);

    Predictions moved = data;
    for (float& logit : moved.logits) logit = std::round(logit * 64) / 64;
    const Metrics before = metrics(moved);
    for (std::size_t i = 0; i < moved.logits.size(); ++i) {
      const std::size_t sample = i / 5;
      moved.logits[i] += static_cast<float>(8 * sample);  // exact in float
    }
    const Metrics after = metrics(moved);
    CHECK(before.nll == after.nll);
    CHECK(before.ece == after.ece);
    CHECK(before.ace == after.ace);
    CHECK(before.classwise_ece == after.classwise_ece);
    CHECK(before.brier == after.brier);
  }
}

TEST_CASE("metrics: one sample, one class, all equal, sure to the limit") {
  const Metrics one_class = metrics({1, {-7, 1e30f}, {0, 0}});
  CHECK(one_class.accuracy == 1.0);
  CHECK(one_class.nll == 0.0);
  CHECK(one_class.ece == 0.0);
  CHECK(one_class.ace == 0.0);
  CHECK(one_class.classwise_ece == 0.0);
  CHECK(one_class.brier == 0.0);

  const Metrics flat = metrics({4, {2, 2, 2, 2}, {0}});  // the first of equal maxima is predicted, so it is right
  CHECK(flat.accuracy == 1.0);
  CHECK(flat.nll == doctest::Approx(std::log(4.0)));
  CHECK(flat.ece == 0.75);
  CHECK(flat.mce == 0.75);
  CHECK(flat.ace == 0.75);
  CHECK(flat.classwise_ece == doctest::Approx((0.75 + 3 * 0.25) / 4));
  CHECK(flat.brier == doctest::Approx(0.5625 + 3 * 0.0625));
  CHECK(accuracy({4, {2, 2, 2, 2}, {1}}) == 0.0);

  const Metrics sure_right = metrics({2, {0, -kInf, -kInf, 0}, {0, 1}});  // confidences exactly 1 and 0
  CHECK(sure_right.nll == 0.0);
  CHECK(sure_right.ece == 0.0);
  CHECK(sure_right.brier == 0.0);
  CHECK(sure_right.classwise_ece == 0.0);

  const Metrics sure_wrong = metrics({2, {0, -kInf}, {1}});
  CHECK(sure_wrong.nll == std::numeric_limits<double>::infinity());
  CHECK(sure_wrong.ece == 1.0);
  CHECK(sure_wrong.mce == 1.0);
  CHECK(sure_wrong.ace == 1.0);
  CHECK(sure_wrong.brier == 2.0);
  CHECK(sure_wrong.classwise_ece == 1.0);
}

TEST_CASE("metrics: a class without samples counts with frequency 0") {
  const Predictions data = from_probabilities(3, {0.5, 0.3, 0.2, 0.5, 0.3, 0.2}, {0, 1});
  CHECK(metrics(data).classwise_ece == doctest::Approx((0.0 + 0.2 + 0.2) / 3).epsilon(1e-6));
}

TEST_CASE("metrics: nothing to measure, or a temperature that means nothing, is refused") {
  CHECK_THROWS_AS(metrics({3, {}, {}}), Error);
  CHECK_THROWS_AS(metrics({}), Error);
  CHECK_THROWS_AS(metrics({-5, {}, {}}), Error);
  const Predictions data{2, {1, 2}, {0}};
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    CHECK_THROWS_AS(metrics(data, bad), Error);
    CHECK_THROWS_AS(nll(data, bad), Error);
    CHECK_THROWS_AS(brier(data, bad), Error);
    CHECK_THROWS_AS(classwise_ece(data, bad), Error);
  }
  CHECK_THROWS_AS(classwise_ece(data, 1, 0), Error);
  CHECK_THROWS_AS(classwise_ece({-5, {}, {}}), Error);
}

}  // namespace temper::calibration
