#include "models/calibration/metrics/conformal.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/base/check.h"
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
