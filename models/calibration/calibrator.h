// What all calibrators share. A calibrator turns a network's logits into calibrated logits: numbers whose softmax are the calibrated
// probabilities. The kinds of calibrators and how they are fitted are in calibrators/. Two that need no fit are here: metrics/ measures
// logits without a calibrator and at a given temperature, and includes no other kind.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/calibration/predictions.h"

namespace temper::calibration {

// The numbers of a calibrator by name, as they are stored.
using Parameters = std::map<std::string, std::vector<double>>;

class Calibrator {
 public:
  virtual ~Calibrator() = default;
  virtual Parameters parameters() const = 0;

  // Writes the K calibrated logits of a sample; -inf for a probability of 0, but never for all. Requires K logits without NaN or +inf, one
  // of them finite.
  virtual void apply(std::span<const float> logits, std::span<double> calibrated) const = 0;
};

// Leaves the logits unchanged.
std::unique_ptr<const Calibrator> identity_calibrator();

// Divides the logits by T.
class TemperatureCalibrator : public Calibrator {
 public:
  explicit TemperatureCalibrator(double temperature);  // throws Error unless it is positive and finite

  Parameters parameters() const override { return {{"temperature", {temperature_}}}; }
  // (z - max) / T.
  void apply(std::span<const float> logits, std::span<double> calibrated) const override;

 private:
  double temperature_;
};

// The same labels with calibrated logits, less the largest of their row. Where floats cannot tell the largest from another, the largest
// stays the largest.
Predictions apply(const Calibrator& calibrator, const Predictions& predictions);

}  // namespace temper::calibration
