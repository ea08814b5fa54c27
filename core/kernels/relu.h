// ReLU forward and backward, in the calling thread. core/ops/relu.h defines what is computed.
#pragma once

#include "core/base/shape.h"

namespace temper {

// y = max(x, 0); NaN stays NaN. y may be x.
void apply_relu(const float* x, Index size, float* y);

// y = y + residual, then max(y, 0) if relu; NaN stays NaN. residual may be null.
void add_relu(const float* residual, bool relu, Index size, float* y);

// dx = dy where y > 0, else 0; added to the memory if `add`. dx may be dy.
void relu_gradient(const float* y, const float* dy, Index size, float* dx, bool add);

}  // namespace temper
