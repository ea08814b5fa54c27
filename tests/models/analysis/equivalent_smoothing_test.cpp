#include "models/analysis/equivalent_smoothing.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/engine/parallel.h"

namespace temper::analysis {
namespace {

using calibration::Predictions;
using doctest::Approx;

// Logits of a teacher that fits targets smoothed by alpha exactly: the label's is higher by log(1 + K (1 - alpha) / alpha).
Predictions exact_teacher(Index K, double alpha, Index samples) {
  Predictions teacher{.classes = K};
  const double gap = std::log(1 + static_cast<double>(K) * (1 - alpha) / alpha);
  for (Index i = 0; i < samples; ++i) {
    teacher.labels.push_back(static_cast<std::int32_t>(i % K));
    for (Index k = 0; k < K; ++k) teacher.logits.push_back(static_cast<float>(3 + (k == i % K ? gap : 0)));
  }
  return teacher;
}

TEST_CASE("equivalent smoothing: a teacher that fits smoothed targets exactly has gamma = alpha") {
  for (const Index K : {2, 10, 100}) {
    for (const double alpha : {0.05, 0.1, 0.6}) CHECK(equivalent_smoothing(exact_teacher(K, alpha, 17), 1) == Approx(alpha).epsilon(1e-6));
  }
  CHECK(std::log(1 + 10 * 0.9 / 0.1) == Approx(4.5109).epsilon(1e-5));  // the gap that all of this rests on
}

TEST_CASE("equivalent smoothing: by hand, wrong teachers among them, at several temperatures") {
  const Predictions teacher{.classes = 3, .logits = {2, 1, 0, 0, 3, 1, -1, 0, 5}, .labels = {0, 0, 2}};
  for (const double T : {0.5, 1.0, 4.0}) {
    double sum = 0;
    for (Index i = 0; i < 3; ++i) {
      double all = 0;
      for (const float z : teacher.row(i)) all += std::exp(z / T);
      sum += 1 - std::exp(teacher.row(i)[teacher.label(i)] / T) / all;
    }
    CHECK(equivalent_smoothing(teacher, T) == Approx(sum / 3 * 3 / 2).epsilon(1e-12));
  }
}

TEST_CASE("equivalent smoothing: 0 for a sure teacher, 1 for one that knows nothing, above for one that is wrong; small ones keep digits") {
  CHECK(equivalent_smoothing({.classes = 2, .logits = {0, 0}, .labels = {1}}, 1) == Approx(1));
  CHECK(equivalent_smoothing({.classes = 2, .logits = {0, -1000}, .labels = {0}}, 1) == 0);
  CHECK(equivalent_smoothing({.classes = 2, .logits = {0, -1000}, .labels = {1}}, 1) == Approx(2));
  CHECK(equivalent_smoothing({.classes = 2, .logits = {0, -60}, .labels = {0}}, 1) == Approx(2 * std::exp(-60.0)).epsilon(1e-12));
  CHECK(equivalent_smoothing({.classes = 4, .logits = {50, 1, 2, 3}, .labels = {0}}, 1e30) == Approx(1));
}

TEST_CASE("equivalent smoothing: the same bits on any number of threads") {
  Predictions teacher{.classes = 11};
  const Random random(1, {});
  for (std::uint64_t i = 0; i < 11 * 5003; ++i) teacher.logits.push_back(static_cast<float>(random.normal(i)));
  for (std::int32_t i = 0; i < 5003; ++i) teacher.labels.push_back(i % 11);
  const int before = threads();
  set_threads(1);
  const double one = equivalent_smoothing(teacher, 2);
  for (const int count : {2, 3, 8}) {
    set_threads(count);
    CHECK(equivalent_smoothing(teacher, 2) == one);
  }
  set_threads(before);
}

TEST_CASE("equivalent smoothing: what cannot be is refused") {
  const Predictions one{.classes = 1, .logits = {1}, .labels = {0}}, two{.classes = 2, .logits = {1, 0}, .labels = {0}};
  CHECK_THROWS_WITH_AS(equivalent_smoothing(one, 1), doctest::Contains("one class"), Error);
  for (const double T : {0.0, -1.0, std::nan("")}) CHECK_THROWS_AS(equivalent_smoothing(two, T), Error);
  CHECK_THROWS_AS(equivalent_smoothing({.classes = 2, .logits = {NAN, 0}, .labels = {0}}, 1), Error);
}

}  // namespace
}  // namespace temper::analysis
