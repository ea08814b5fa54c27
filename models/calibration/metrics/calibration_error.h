// Calibration errors that correct for chance, which biases the plain ECE of a finite sample: a perfectly calibrated model has an ECE above
// 0 because the noise of |accuracy - confidence| in a bin cannot cancel.
#pragma once

#include <cstdint>
#include <span>

#include "models/calibration/metrics/reliability.h"

namespace temper::calibration {

// Root mean square calibration error without the bias of the bins' own noise (Kumar, Liang & Ma, "Verified Uncertainty Calibration",
// NeurIPS 2019): sqrt(max(0, sum_b n_b/N [(accuracy_b - confidence_b)^2 - accuracy_b (1 - accuracy_b) / (n_b - 1)])). A bin of one sample
// has no estimate of its noise and adds 0, as in the authors' code; torchmetrics divides by zero there. Throws as compute_ece.
double debiased_ece(std::span<const Bin> bins);

// SmoothECE (Blasiok & Nakkiran, "Smooth ECE", ICLR 2024): the integral over t in [0,1] of |(1/N) sum_i k_s(t, confidence_i) (correct_i -
// confidence_i)|, k_s the Gaussian of width s reflected at 0 and 1, at the width s that equals the result (at least 1/1000). No bins, so no
// edges to fall on. The residuals lie on a mesh of 1001 points, each split between its two neighbours. Throws as reliability().
double smooth_ece(std::span<const double> confidence, std::span<const std::uint8_t> correct);

struct Interval {
  double lower = 0, upper = 0;
  double width() const { return upper - lower; }
};

// The basic bootstrap interval of the equal-width ECE: [2 e - q(1 - a/2), 2 e - q(a/2)] inside [0,1], e the ECE, q the quantiles of the ECE
// of resamples, a = 1 - level, extended to e where it leaves that out: it then lies below e, as chance raises the ECE of a good model, but
// an interval without its own estimate is taken for an error. The basic and not the percentile interval: resampling raises the ECE by as
// much again as the sample's own noise did, so the percentiles of a calibrated model lie above its true ECE. A function of the data, their
// order and `seed`. `resamples` 0: 1000, fewer for large N (20 million draws in all, at least 100). Throws as reliability(), and Error
// unless 0 < level < 1.
struct Bootstrap {
  double level = 0.95;
  Index resamples = 0;
  Index bins = kBins;
  std::uint64_t seed = 1;
};
Interval ece_interval(std::span<const double> confidence, std::span<const std::uint8_t> correct, const Bootstrap& bootstrap = {});

// The interval extended to its estimate; as it is where either was not measured. For intervals of files of earlier versions, too.
Interval with_estimate(const Interval& interval, double estimate);

}  // namespace temper::calibration
