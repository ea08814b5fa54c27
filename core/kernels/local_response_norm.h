// Local response normalisation of rows of C channels, forward and backward. core/ops/local_response_norm.h defines what is computed.
#pragma once

#include "core/base/shape.h"

namespace temper {

struct LocalResponseNormParameters {
  Index C, radius;  // channels on each side that are summed
  float k, share;   // s = k + share * the sum of the squares
  float beta;       // y = x s^-beta; 0.75 is the fast one
};

// Scratch memory that a call needs, in floats.
inline Index scratch_size(const LocalResponseNormParameters& n) { return 3 * n.C + 2 * n.radius; }

// In the calling thread. s (rows,C) may be null when it is not needed afterwards.
void apply_local_response_norm(const LocalResponseNormParameters& n, const float* x, Index rows, float* scratch, float* s, float* y);

// dx = dy s^-beta - 2 share beta x * the window's sum of dy x s^(-beta-1); added to the memory if `add`.
void local_response_norm_gradient(const LocalResponseNormParameters& n, const float* x, const float* s, const float* dy, Index rows,
                                  float* scratch, float* dx, bool add);

}  // namespace temper
