// Dropout.
#pragma once

#include "core/engine/tensor.h"

namespace temper::layers {

// On a tape: drops every element with probability `rate`, using the random numbers of the current RandomScope (see layers/random_scope.h;
// throws Error when there is none), and multiplies the others by 1 / (1 - rate). Without a tape, or with rate 0: y = x.
struct Dropout {
  explicit Dropout(float rate);  // in [0, 1)
  Tensor operator()(Tensor x) const;
  // x + dropout(branch), for residual connections.
  Tensor operator()(Tensor x, Tensor branch) const;

  float rate;
};

}  // namespace temper::layers
