// GELU forward and backward, in the calling thread. core/ops/gelu.h defines what is computed.
#pragma once

#include "core/base/shape.h"

namespace temper {

// y = x Phi(x), to about 2e-7 of max(1, |y|).
void apply_gelu(const float* x, Index size, float* y);

// dx = dy (Phi(x) + x phi(x)); added to the memory if `add`. dx may be dy.
void gelu_gradient(const float* x, const float* dy, Index size, float* dx, bool add);

}  // namespace temper
