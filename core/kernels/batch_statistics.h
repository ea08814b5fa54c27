// Batch normalisation over whole tensors x(..., C), on all threads: the statistics, and the gradient through them. core/ops/batch_norm.h
// defines what is computed.
#pragma once

#include "core/engine/op.h"
#include "core/kernels/normalization.h"

namespace temper {

// The statistics that evaluation normalises with, one value a channel: a moving average over the batches of training. The layer owns them,
// as parameters of kind `buffer`; they start as mean 0 and variance 1.
struct RunningStatistics {
  View mean, variance;
};

// The statistics that x is normalised with, in memory of shape (3,C) that an op saves for backward.
class BatchStatistics {
 public:
  explicit BatchStatistics(const View& memory) : C_(memory.shape[1]), saved_(memory.data) {}
  static Shape shape(const Shape& x) { return {3, x.last()}; }

  // From the batch, which becomes `momentum` of the running statistics. requires: two rows or more.
  void learn(const ConstView& x, const RunningStatistics& running, float momentum, float epsilon) const;
  // From the running statistics.
  void recall(const RunningStatistics& running, float epsilon) const;

  double inverse_deviation(Index c) const { return static_cast<double>(saved_[2 * C_ + c]); }
  Normalization with(const float* gamma, const float* beta) const { return {saved_, saved_ + C_, saved_ + 2 * C_, gamma, beta}; }

 private:
  void set(Index c, double mean, double variance, float epsilon) const;

  Index C_;
  float* saved_;  // the mean as the sum of two floats, for a large one alone is rounded by more than a small deviation; 1 / deviation
};

// y = normalised x + residual, then max(y, 0) if relu; residual may be null.
void normalize_all(const Normalization& n, const ConstView& x, const float* residual, bool relu, float* y);

// The gradients of that. Where its ReLU was active is read from y or, where y is null and n has a beta, computed from x again.
// With m = x.size() / C, z = (x - mean) / deviation and g the gradient with respect to the ReLU's input:
//   dgamma = sum of g z,   dbeta = sum of g,   dx = gamma / deviation (g - dbeta / m - z dgamma / m),   dresidual = g,
// where the last two terms of dx come from the batch's mean and variance; they are left out when those are constants.
struct BatchNormGradients {
  GradientView dx, dgamma, dbeta, dresidual;
};
void batch_norm_gradients(const BatchStatistics& statistics, const Normalization& n, bool over_batch, const ConstView& x, const float* y,
                          const float* dy, const BatchNormGradients& gradients);  // dy may be dx

}  // namespace temper
