#include "models/calibration/metrics/conformal.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "core/base/check.h"
#include "core/base/random.h"
#include "models/calibration/softmax.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

TEST_CASE("conformal: coverage is what was asked for, within the noise of the sample, and not far above") {
  const auto identity = identity_calibrator();
  for (const Index classes : {2, 10}) {
    const Predictions calibration = reference::random_predictions(1, 4000, classes, 2),
                      test = reference::random_predictions(2, 4000, classes, 2);
    for (const SetKind kind : kSetKinds)
      for (const double alpha : {0.05, 0.1, 0.3}) {
        CAPTURE(name(kind));
        CAPTURE(alpha);
        const Conformal sets = Conformal::fit(kind, calibration, *identity, {.alpha = alpha});
        const Conformal::Coverage found = sets.check_on(test, *identity);
        const double noise = 4 * std::sqrt(2 * alpha * (1 - alpha) / 4000);  // of both samples
        CHECK(std::abs(found.coverage - (1 - alpha)) <= noise);
        CHECK(found.mean_size <= static_cast<double>(classes));
      }
  }
}

TEST_CASE("conformal: too few samples give sets of all classes, and 9 suffice for 90 %") {
  const Predictions nine = reference::random_predictions(3, 9, 4), eight = reference::random_predictions(3, 8, 4);
  const auto identity = identity_calibrator();
  CHECK(Conformal::fit(SetKind::threshold, eight, *identity, {.alpha = 0.1}).threshold() == std::numeric_limits<double>::infinity());
  CHECK(std::isfinite(Conformal::fit(SetKind::threshold, nine, *identity, {.alpha = 0.1}).threshold()));
  const Conformal all = Conformal::fit(SetKind::aps, eight, *identity, {.alpha = 0.1});
  CHECK(all.predict_set(std::vector{.7, .1, .1, .1}, 0.5).size() == 4);
}

TEST_CASE("conformal: the sets by hand") {
  // Four samples of p = (.6, .3, .1), labels 0, 0, 1, 2: the scores 1 - p are .4, .4, .7, .9.
  const auto log_row = [] { return std::vector<float>{std::log(.6f), std::log(.3f), std::log(.1f)}; };
  Predictions data{3, {}, {0, 0, 1, 2}};
  for (int i = 0; i < 4; ++i) {
    const auto row = log_row();
    data.logits.insert(data.logits.end(), row.begin(), row.end());
  }
  const Conformal sets = Conformal::fit(SetKind::threshold, data, *identity_calibrator(), {.alpha = 0.4});  // the 3rd of 4
  CHECK(sets.threshold() == doctest::Approx(.7).epsilon(1e-6));
  CHECK(sets.predict_set(std::vector{.5, .4, .1}, 0) == std::vector<Index>{0, 1});
  CHECK(sets.predict_set(std::vector{.2, .1, .7}, 0) == std::vector<Index>{2});
}

// Scores, thresholds, sets and coverage once more, from the formulas of conformal.h.
TEST_CASE("conformal: agrees with the definition, for all kinds, ties, and rows of a selection") {
  Predictions data = reference::random_predictions(7, 80, 9, 1.5);
  for (float& logit : data.logits) logit = std::round(logit);  // ties
  std::vector<Index> rows;
  for (Index i = 79; i > 10; i -= 2) rows.push_back(i);
  const RowSubset calibration(data, rows), test(data);
  const ConformalOptions options{.alpha = 0.3, .lambda = 0.05, .k_reg = 2, .seed = 3};
  const auto identity = identity_calibrator();
  const auto probabilities = [&](Index i) {
    std::vector<double> p(9);
    softmax(data.row(i), 1, p);
    return p;
  };
  // The scores of all classes of a row, in the order of the classes.
  const auto scores = [&](SetKind kind, const std::vector<double>& p, double u) {
    std::vector<double> result;
    for (std::size_t k = 0; k < 9; ++k) {
      double larger = 0;
      int rank = 1;
      for (std::size_t j = 0; j < 9; ++j) {
        if (p[j] > p[k] || (p[j] == p[k] && j < k)) larger += p[j], ++rank;
      }
      const double penalty = kind == SetKind::raps ? 0.05 * std::max(0, rank - 2) : 0;
      result.push_back(kind == SetKind::threshold ? 1 - p[k] : larger + u * p[k] + penalty);
    }
    return result;
  };
  for (const SetKind kind : kSetKinds) {
    CAPTURE(name(kind));
    std::vector<double> of_labels;
    for (const Index i : rows)
      of_labels.push_back(scores(kind, probabilities(i), Random(3, {1}).uniform(static_cast<std::uint64_t>(i)))[data.label(i)]);
    std::sort(of_labels.begin(), of_labels.end());
    const Conformal sets = Conformal::fit(kind, calibration, *identity, options);
    CHECK(sets.threshold() == doctest::Approx(of_labels[25]).epsilon(1e-12));  // the ceil(36 x 0.7)-th
    double held = 0, size = 0;
    Index empty = 0;
    for (Index i = 0; i < data.size(); ++i) {
      const std::vector<double> p = probabilities(i), all = scores(kind, p, Random(3, {2}).uniform(static_cast<std::uint64_t>(i)));
      std::vector<Index> expected;
      for (Index k = 0; k < 9; ++k)
        if (all[static_cast<std::size_t>(k)] <= sets.threshold() + 1e-12) expected.push_back(k);
      std::vector<Index> set = sets.predict_set(p, Random(3, {2}).uniform(static_cast<std::uint64_t>(i)));
      CHECK(std::is_sorted(set.begin(), set.end(),
                           [&](Index a, Index b) { return p[static_cast<std::size_t>(a)] > p[static_cast<std::size_t>(b)]; }));
      std::sort(set.begin(), set.end());
      CHECK(set == expected);
      held += std::count(set.begin(), set.end(), static_cast<Index>(data.label(i))) > 0 ? 1 : 0;
      size += static_cast<double>(set.size());
      empty += set.empty() ? 1 : 0;
    }
    const Conformal::Coverage coverage = sets.check_on(test, *identity);
    CHECK(coverage.coverage == held / 80);
    CHECK(coverage.mean_size == size / 80);
    CHECK(coverage.empty == empty);
  }
}

TEST_CASE("conformal: rounding does not move the place of the threshold") {
  const Predictions data = reference::random_predictions(3, 8, 4);
  std::vector<double> scores;
  for (Index i = 0; i < 8; ++i) {
    std::vector<double> p(4);
    softmax(data.row(i), 1, p);
    scores.push_back(1 - p[data.label(i)]);
  }
  std::sort(scores.begin(), scores.end());
  const double third = 1.0 / 3;  // 9 (1 - 1/3) is 6, and in double a little more
  CHECK(Conformal::fit(SetKind::threshold, data, *identity_calibrator(), {.alpha = third}).threshold() ==
        doctest::Approx(scores[5]).epsilon(1e-12));
}

TEST_CASE("conformal: the penalty of RAPS makes the long sets of a good model shorter") {
  const Predictions calibration = reference::random_predictions(5, 3000, 30, 1, 4), test = reference::random_predictions(6, 3000, 30, 1, 4);
  const auto identity = identity_calibrator();
  const auto size = [&](SetKind kind, double lambda) {
    return Conformal::fit(kind, calibration, *identity, {.alpha = 0.1, .lambda = lambda, .k_reg = 2}).check_on(test, *identity).mean_size;
  };
  CHECK(size(SetKind::raps, 0.1) < size(SetKind::aps, 0));
  CHECK(size(SetKind::raps, 0) == doctest::Approx(size(SetKind::aps, 0)).epsilon(1e-12));
}

TEST_CASE("conformal: what is refused") {
  const Predictions data = reference::random_predictions(5, 30, 3);
  const auto identity = identity_calibrator();
  for (const double alpha : {0.0, 1.0, -0.1, std::numeric_limits<double>::quiet_NaN()})
    CHECK_THROWS_AS(Conformal::fit(SetKind::aps, data, *identity, {.alpha = alpha}), Error);
  CHECK_THROWS_AS(Conformal::fit(SetKind::raps, data, *identity, {.lambda = -1}), Error);
  CHECK_THROWS_AS(Conformal::fit(SetKind::raps, Predictions{2, {}, {}}, *identity), Error);
}

}  // namespace
}  // namespace temper::calibration
