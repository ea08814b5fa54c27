// The passes of batch normalisation over rows of C channels, each in one sweep over memory. core/ops/batch_norm.h defines what is computed.
#pragma once

#include "core/base/shape.h"

namespace temper {

// All pointers are to rows (rows,C) or to channels (C); in the calling thread. Sums over rows are computed in float32 over 64 rows at a
// time and combined in double, in an order that depends on `rows` alone.

// sum[c] += sum of x - origin[c], squares[c] += sum of (x - origin[c])^2.
void add_moments(const float* x, const float* origin, Index rows, Index C, double* sum, double* squares);

// The statistics that x is normalised with; the mean is the sum of two floats.
struct Normalization {
  const float *mean, *mean_rest, *inverse_deviation, *gamma, *beta;
};

// y = (x - mean) gamma / deviation + beta + residual, then max(y, 0) if relu. residual may be null.
void normalize(const Normalization& n, const float* x, const float* residual, bool relu, Index rows, Index C, float* y);

// With g = dy where y > 0, else 0; y null: where x normalised > 0; n.beta null as well: g = dy. sum[c] += sum of g, centred_sum[c] += sum
// of g (x - mean).
void add_gradient_sums(const Normalization& n, const float* x, const float* y, const float* dy, Index rows, Index C, double* sum,
                       double* centred_sum);

// dx = gamma / deviation (g - g_mean - slope (x - mean)) and dresidual = g, each added to the memory if its flag is set; each may be null.
struct NormalizationGradient {
  const float *g_mean, *slope;  // (C)
  float* dx;
  bool add_dx;
  float* dresidual;
  bool add_dresidual;
};
void normalization_gradient(const Normalization& n, const NormalizationGradient& gradient, const float* x, const float* y, const float* dy,
                            Index rows, Index C);

}  // namespace temper
