// Vector, matrix and Dirichlet calibration: one affine map of the logits (or of the log-probabilities), fitted by least NLL. All three are
// multinomial logistic regressions and so convex; the solver starts at temperature scaling, which is a point of each family.
#pragma once

#include <vector>

#include "models/calibration/calibrators/calibrator_kind.h"
#include "models/calibration/calibrators/linear_nll.h"

namespace temper::calibration {

class LinearCalibrator : public Calibrator {
 public:
  // `form` vector: weights (K); matrix or dirichlet: weights (K,K), row k makes calibrated logit k. bias (K). Throws Error for other
  // sizes and for numbers that are not finite.
  LinearCalibrator(LinearForm form, std::vector<double> weights, std::vector<double> bias);

  Parameters parameters() const override { return {{"weights", weights_}, {"bias", bias_}}; }
  void apply(std::span<const float> logits, std::span<double> calibrated) const override;

 private:
  LinearForm form_;
  std::vector<double> weights_, bias_;
};

// Minimises the mean NLL + odir (sum_{i != j} W_ij^2 / (K (K - 1)) + sum_j b_j^2 / K); vector scaling has no penalty. `options.odir` below
// 0 tries 1e-3, 1e-2, ..., 100 on a random fifth of the rows.
Fitted fit_linear(LinearForm form, const RowSubset& held_out, const FitOptions& options);

extern const CalibratorKind kVector, kMatrix, kDirichlet;

}  // namespace temper::calibration
