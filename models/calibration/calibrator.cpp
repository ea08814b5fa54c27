#include "models/calibration/calibrator.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

class Identity : public Calibrator {
 public:
  Parameters parameters() const override { return {}; }
  void apply(std::span<const float> logits, std::span<double> calibrated) const override {
    for (std::size_t k = 0; k < logits.size(); ++k) calibrated[k] = static_cast<double>(logits[k]);
  }
};

// Calibrated logits as floats, less their largest. In float, a class below the largest stays below it.
void narrow(std::span<const double> calibrated, std::span<float> out) {
  constexpr double kLeast = std::numeric_limits<float>::min(), kMost = std::numeric_limits<float>::max();
  const double max = *std::max_element(calibrated.begin(), calibrated.end());
  for (std::size_t k = 0; k < out.size(); ++k) {
    const double below = calibrated[k] - max;
    out[k] = static_cast<float>(std::isfinite(below) && below < 0 ? std::clamp(below, -kMost, -kLeast) : below);
  }
}

}  // namespace

std::unique_ptr<const Calibrator> identity_calibrator() { return std::make_unique<Identity>(); }

TemperatureCalibrator::TemperatureCalibrator(double temperature) : temperature_(temperature) { check_temperature(temperature); }

void TemperatureCalibrator::apply(std::span<const float> logits, std::span<double> calibrated) const {
  constexpr double kMost = std::numeric_limits<double>::max();
  const auto max = static_cast<double>(logits[static_cast<std::size_t>(argmax(logits))]);
  for (std::size_t k = 0; k < logits.size(); ++k) {
    const double scaled = (static_cast<double>(logits[k]) - max) / temperature_;
    calibrated[k] = std::isfinite(logits[k]) ? std::max(scaled, -kMost) : scaled;  // a possible class stays possible
  }
}

Predictions apply(const Calibrator& calibrator, const Predictions& predictions) {
  check(predictions);
  Predictions result = predictions;
  const auto classes = static_cast<std::size_t>(predictions.classes);
  std::vector<double> calibrated(classes);
  for (Index i = 0; i < predictions.size(); ++i) {  // in this thread: parallel loops flush the tiniest logits to 0
    calibrator.apply(predictions.row(i), calibrated);
    narrow(calibrated, std::span(result.logits).subspan(static_cast<std::size_t>(i) * classes, classes));
  }
  return result;
}

}  // namespace temper::calibration
