// Temperature scaling: p = softmax(z / T) with one T > 0 for all samples (Guo et al., ICML 2017). It never changes which class is largest.
#pragma once

#include <optional>

#include "models/calibration/calibrators/calibrator_kind.h"

namespace temper::calibration {

struct Temperature {
  // The range searched. Cosine similarities used as logits need about 0.01; without bounds, data classified without a mistake would give T
  // = 0, and data worse than chance T = infinity (or, unconstrained, a negative T, which reverses every prediction).
  static constexpr double kLowest = 1e-3, kHighest = 1e3;

  using Status = calibration::Status;

  double value = 1;
  Status status = Status::kept_identity;
  double nll_before = 0;  // of the data it was fitted on, at T = 1
  double nll_after = 0;   // at T = value; never above nll_before

  // The T of least NLL on held-out data (not on training data: there T comes out too small). The NLL is convex in 1/T, so the minimum is
  // the only one. Its slope with respect to log T is brought to 0 within about 1e-10 of the logits' scale. Throws as check(Predictions).
  // kept_identity: no other T has an NLL that is lower in double (equal logits, one class, an impossible label). `guess`, a T that is
  // thought to be near, saves passes over the data.
  static Temperature fit(const RowSubset& held_out, std::optional<double> guess = {});

  // The same labels with logits (z - max) / T, max the largest of the row: softmax does not see the shift, float32 does. Logits of 1e8 keep
  // their differences, and the largest class stays the largest, which z / T rounded to float does not promise.
  Predictions apply(const Predictions& predictions) const;
};

// The T of a fit by temperature scaling, 1 where the logits are left as they are; nothing of another kind.
std::optional<double> fitted_temperature(const Fitted& fitted);

extern const CalibratorKind kTemperature;

}  // namespace temper::calibration
