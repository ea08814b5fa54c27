#include "models/calibration/metrics/selective.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using reference::kInf;
using Correct = std::vector<std::uint8_t>;

TEST_CASE("selective: AURC, AUROC and the curve by hand") {
  const std::vector<double> score{.9, .8, .7, .6};
  const Correct correct{1, 0, 1, 1};
  CHECK(aurc(score, correct) == doctest::Approx((0 + 1. / 2 + 1. / 3 + 1. / 4) / 4).epsilon(1e-12));
  CHECK(auroc(score, correct) == doctest::Approx(1. / 3).epsilon(1e-12));
  const std::vector<CoveragePoint> curve = risk_coverage(score, correct);
  REQUIRE(curve.size() == 4);
  CHECK(curve[1].coverage == 0.5);
  CHECK(curve[1].risk == 0.5);
  CHECK(curve[3].coverage == 1);
  CHECK(curve[3].risk == 0.25);
}

TEST_CASE("selective: ties are taken in expectation, so the order of the samples plays no part") {
  // Two samples tied, one right: the risk at 1 is 1/2 whichever comes first.
  for (const Correct& correct : {Correct{1, 0}, Correct{0, 1}}) {
    CHECK(aurc(std::vector{.5, .5}, correct) == doctest::Approx((1. / 2 + 1. / 2) / 2).epsilon(1e-12));
    CHECK(auroc(std::vector{.5, .5}, correct) == 0.5);
  }
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(aurc(std::vector{infinity, infinity, -infinity}, Correct{1, 1, 0}) == doctest::Approx(1. / 9).epsilon(1e-12));
}

TEST_CASE("selective: all right, all wrong, one sample") {
  CHECK(aurc(std::vector{.5}, Correct{1}) == 0);
  CHECK(aurc(std::vector{.5}, Correct{0}) == 1);
  CHECK(std::isnan(auroc(std::vector{.5, .6}, Correct{1, 1})));
  CHECK(std::isnan(auroc(std::vector{.5, .6}, Correct{0, 0})));
}

TEST_CASE("selective: what is refused") {
  CHECK_THROWS_AS(aurc({}, {}), Error);
  CHECK_THROWS_AS(aurc(std::vector{.5}, Correct{1, 0}), Error);
  CHECK_THROWS_AS(aurc(std::vector{std::nan("")}, Correct{1}), Error);
  CHECK_THROWS_AS(auroc(std::vector{.5}, Correct{2}), Error);
  CHECK_THROWS_AS(risk_coverage(std::vector{.5}, Correct{1}, 0), Error);
  CHECK_THROWS_AS((Selector{.score = Score::p_norm, .p = 0}(Predictions{2, {1, 0}, {0}})), Error);
}

TEST_CASE("selective: the curve has at most the points asked for and ends at full coverage") {
  const Predictions data = reference::random_predictions(2, 1003, 4);
  const std::vector<double> score = Selector{}(data);
  const std::vector<CoveragePoint> curve = risk_coverage(score, correctness(data), 50);
  CHECK(curve.size() <= 50);
  CHECK(curve.size() >= 49);
  CHECK(curve.back().coverage == 1);
  for (std::size_t i = 1; i < curve.size(); ++i) CHECK(curve[i].coverage > curve[i - 1].coverage);
}

TEST_CASE("selective: the scores of a row by hand") {
  const Predictions data{3, {2, 1, 0}, {0}};
  const double e1 = std::exp(-1.0), e2 = std::exp(-2.0), sum = 1 + e1 + e2;
  CHECK(Selector{.score = Score::max_probability}(data)[0] == doctest::Approx(1 / sum).epsilon(1e-12));
  CHECK(Selector{.score = Score::margin}(data)[0] == doctest::Approx((1 - e1) / sum).epsilon(1e-12));
  CHECK(Selector{.score = Score::energy}(data)[0] == doctest::Approx(2 + std::log(sum)).epsilon(1e-12));
  CHECK(Selector{.score = Score::p_norm, .p = 2}(data)[0] == doctest::Approx(1 / std::sqrt(2.0)).epsilon(1e-12));
}

TEST_CASE("selective: impossible classes, one class, equal and huge logits have finite p-norms") {
  const std::vector<Predictions> sets = {
      {3, {2, 1, -kInf}, {0}}, {1, {7}, {0}}, {3, {4, 4, 4}, {0}}, {2, {3e38f, -3e38f}, {0}}, {2, {0, -kInf}, {0}}};
  for (const Predictions& data : sets)
    for (const Score score : {Score::margin, Score::p_norm}) CHECK(std::isfinite(Selector{.score = score, .p = 3}(data)[0]));
}

TEST_CASE("selective: of norms that do as well the first is taken") {
  CHECK(Selector::fit_p_norm(Predictions{3, {2, 1, 0, 1, 3, 0}, {0, 1}}).p == 1);  // both right: nothing to order
}

TEST_CASE("selective: the p-norm repairs an order that the largest probability has lost, and p is that of least AURC") {
  // Wrong samples have large logits: by the largest probability they look the surest. Centred and divided by the norm they do not.
  const Random random(9, {});
  Predictions data{4, {}, {}};
  for (std::uint64_t i = 0; i < 400; ++i) {
    const bool wrong = i % 4 == 0;
    const auto noise = [&](std::uint64_t k) { return static_cast<float>(0.3 * random.normal(4 * i + k)); };
    data.labels.push_back(0);
    if (wrong)
      data.logits.insert(data.logits.end(), {6 + noise(0), 9 + noise(1), noise(2), noise(3)});
    else
      data.logits.insert(data.logits.end(), {3 + noise(0), noise(1), noise(2), noise(3)});
  }
  const Selector fitted = Selector::fit_p_norm(data);
  const Correct correct = correctness(data);
  const double least = aurc(fitted(data), correct);
  CHECK(least < aurc(Selector{}(data), correct) / 2);
  for (int p = 1; p <= 10; ++p) CHECK(least <= aurc(Selector{.score = Score::p_norm, .p = static_cast<double>(p)}(data), correct));
  // Two classes: the centred logits are +-d/2 and the score a constant, so the AURC is that of guessing.
  const Predictions two = reference::random_predictions(3, 100, 2);
  const std::vector<double> constant = Selector{.score = Score::p_norm, .p = 2}(two);
  for (const double value : constant) CHECK(value == doctest::Approx(constant[0]).epsilon(1e-12));
}

}  // namespace
}  // namespace temper::calibration
