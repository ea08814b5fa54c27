// Calibrators that treat each class separately: a function of p_k = softmax(z)_k for every class, then normalised to sum to 1. A row that
// becomes all zeros (every class is in a bin where it was never right) is left unchanged; netcal returns 0/0 there.
//
// They may change which class is largest, and give a probability of exactly 0 to a label: then the NLL is infinite. Both minimise a squared
// error, so they are judged by the Brier score and not by the NLL.
#pragma once

#include <vector>

#include "models/calibration/calibrators/calibrator_kind.h"

namespace temper::calibration {

// The frequency of label k among the fitted samples whose p_k lies in the bin. A bin that no sample fell into leaves p_k as it is.
class HistogramCalibrator : public Calibrator {
 public:
  // frequencies (K,bins), in 0..1; -1 marks an empty bin.
  HistogramCalibrator(Index classes, std::vector<double> frequencies);
  static HistogramCalibrator fit(const RowSubset& held_out, Index bins);

  Parameters parameters() const override { return {{"frequencies", frequencies_}}; }
  void apply(std::span<const float> logits, std::span<double> calibrated) const override;

 private:
  Index bins_;
  std::vector<double> frequencies_;
};

// The non-decreasing function of p_k of least squared error to [y = k], by pooling adjacent violators; equal p_k are pooled first. As in
// scikit-learn, it is linear between the ends of two neighbouring levels and constant outside the probabilities seen.
class IsotonicCalibrator : public Calibrator {
 public:
  struct Knot {
    double p = 0, value = 0;
  };
  explicit IsotonicCalibrator(std::vector<std::vector<Knot>> knots);  // per class, at least one, p rising and value not falling
  static IsotonicCalibrator fit(const RowSubset& held_out);
  static IsotonicCalibrator restore(Index classes, const Parameters& parameters);

  Parameters parameters() const override;  // "knots" a class, and "p" and "value" of all, one class after the other
  void apply(std::span<const float> logits, std::span<double> calibrated) const override;

 private:
  std::vector<std::vector<Knot>> knots_;
};

// The knots of one class. x ascending; target 0 or 1.
std::vector<IsotonicCalibrator::Knot> isotonic_knots(std::span<const std::pair<double, double>> sorted_x_and_target);

extern const CalibratorKind kHistogram, kIsotonic;

}  // namespace temper::calibration
