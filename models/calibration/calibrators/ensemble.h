// Ensemble temperature scaling (Zhang, Kailkhura & Han, "Mix-n-Match", ICML 2020): the mixture w1 softmax(z/T) + w2 softmax(z) + w3 / K
// with w >= 0 summing to 1, fitted by NLL: T first, then w, a convex problem. Never changes which class is largest (w3 = 1 makes a tie).
#pragma once

#include <array>

#include "models/calibration/calibrators/calibrator_kind.h"

namespace temper::calibration {

class EnsembleCalibrator : public Calibrator {
 public:
  using Weights = std::array<double, 3>;
  EnsembleCalibrator(double temperature, const Weights& weights);  // throws Error for numbers that are none

  Parameters parameters() const override { return {{"temperature", {temperature_}}, {"weights", {weights_[0], weights_[1], weights_[2]}}}; }
  void apply(std::span<const float> logits, std::span<double> calibrated) const override;

 private:
  double temperature_;
  Weights weights_;
};

// The weights of least mean -log(w . q) over rows q of three densities, by Newton's method on the simplex. The mean is within log(max_j
// mean(q_j / (w . q))) of the least one; converged means that this certificate is at most `gap`.
struct MixtureFit {
  EnsembleCalibrator::Weights weights{};
  bool converged = false;
};
MixtureFit fit_mixture(std::span<const std::array<double, 3>> densities, double gap = 1e-12, Index most_steps = 100);

extern const CalibratorKind kEnsemble;

}  // namespace temper::calibration
