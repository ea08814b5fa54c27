// An optimizer's pass over flat arenas, in the calling thread. optim/sgd.h and optim/adamw.h define what is computed.
#pragma once

#include "core/base/shape.h"

namespace temper {

// The size of an arena is a multiple of this: parameters begin on cache lines.
inline constexpr Index kUpdateBlock = 16;

// The passes replace every gradient g by float(g scale), the product in double: a scale of 1e-45, which is 0 as a float, brings gradients
// of 1e38 down to 1e-7. They round like plain C++ loops, without fused multiply-add.

struct SgdUpdate {
  float rate;
  float decay;
  double scale = 1;
  float momentum = 0, share = 1;  // v <- momentum v + share (g + decay w)
  bool nesterov = false;
};
// requires: size a multiple of kUpdateBlock. v may be null: no momentum.
void sgd_update(const SgdUpdate& update, const float* g, Index size, float* w, float* v);

struct AdamWUpdate {
  float keep;  // w <- keep w - rate m / (correction sqrt(v) + epsilon)
  float rate, correction, epsilon;
  float beta1, share1, beta2, share2;  // m <- beta1 m + share1 g,  v <- beta2 v + share2 g^2
  double scale = 1;
};
void adamw_update(const AdamWUpdate& update, const float* g, Index size, float* w, float* m, float* v);

// In double, whose range holds the squares of all floats. requires: as above.
double sum_of_squares(const float* values, Index size);

}  // namespace temper
