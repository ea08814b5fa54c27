#include "models/calibration/calibrators/ensemble.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/metrics/metrics.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using reference::Real;

TEST_CASE("ensemble: the probabilities are the mixture of the definition") {
  const Predictions data = reference::random_predictions(3, 30, 6, 2);
  const EnsembleCalibrator::Weights weights{0.5, 0.2, 0.3};
  const EnsembleCalibrator calibrator(2.5, weights);
  for (Index i = 0; i < data.size(); ++i) {
    std::vector<double> calibrated(6);
    calibrator.apply(data.row(i), calibrated);
    const std::vector<Real> hot = reference::softmax(data.row(i), 2.5L), plain = reference::softmax(data.row(i), 1);
    for (std::size_t k = 0; k < 6; ++k)
      CHECK(std::exp(calibrated[k]) == doctest::Approx(static_cast<double>(0.5L * hot[k] + 0.2L * plain[k] + 0.3L / 6)).epsilon(1e-12));
  }
}

TEST_CASE("ensemble: no other weights have a lower NLL, at the temperature of temperature scaling") {
  for (const double scale : {0.4, 3.0}) {
    CAPTURE(scale);
    const Predictions data = reference::random_predictions(5, 400, 4, scale);
    const Fitted fitted = fit(kEnsemble, data);
    const double temperature = fitted.calibrator->parameters().at("temperature")[0], least = nll(data, *fitted.calibrator);
    CHECK(temperature == doctest::Approx(Temperature::fit(data).value).epsilon(1e-12));
    for (int a = 0; a <= 10; ++a)
      for (int b = 0; a + b <= 10; ++b) {
        const EnsembleCalibrator other(temperature, {a / 10.0, b / 10.0, (10 - a - b) / 10.0});
        CHECK(least <= nll(data, other) + 1e-9);
      }
  }
}

}  // namespace
}  // namespace temper::calibration
