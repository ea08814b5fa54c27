// Layer normalisation of rows of D values, forward and backward, in the calling thread. core/ops/layer_norm.h defines what is computed.
#pragma once

#include "core/base/shape.h"

namespace temper {

// What backward needs of a row.
struct RowStatistics {
  float mean, inverse_deviation;
};

// y = gamma (x - mean) / sqrt(variance + epsilon) + beta for each row of x(rows,D); y may be x. statistics(rows) may be null.
void layer_norm(const float* x, const float* gamma, const float* beta, float epsilon, Index rows, Index D, float* y,
                RowStatistics* statistics);

// The gradients of that; dx is added to the memory if `add`, dgamma(D) and dbeta(D) always are. dx may be null, or both dgamma and dbeta.
void layer_norm_gradient(const float* x, const float* gamma, const RowStatistics* statistics, const float* dy, Index rows, Index D,
                         float* dx, bool add, float* dgamma, float* dbeta);

}  // namespace temper
