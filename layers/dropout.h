// Dropout.
#pragma once

#include "core/tensor.h"

namespace temper::layers {

// On a tape: drops every element with probability `rate`, by the random numbers of the Noise that lives (see layers/noise.h; throws when
// there is none), and multiplies the others by 1 / (1 - rate). With no tape, or rate 0: y = x.
struct Dropout {
  explicit Dropout(float rate);  // in [0, 1)
  Tensor operator()(Tensor x) const;
  // x + dropout(branch): where a residual branch joins its stream.
  Tensor operator()(Tensor x, Tensor branch) const;

  float rate;
};

}  // namespace temper::layers
