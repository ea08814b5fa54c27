#pragma once

#include "core/engine/tensor.h"

namespace temper {

struct LocalResponseNormOptions {
  Index size = 5;  // channels that are summed, centred; odd
  float alpha = 1e-4f;
  float beta = 0.75f;
  float k = 1;
};

// Local response normalisation across the channels of x(..., C) (Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural
// Networks", NIPS 2012), in PyTorch's form, which divides alpha by the size:
//   y_c = x_c s_c^-beta,   s_c = k + alpha / size * sum of x_j^2 over |j - c| <= size / 2 within the channels.
// requires: size odd and >= 1, alpha >= 0, k > 0.
// gradient: dx_c = dy_c s_c^-beta - 2 alpha beta / size x_c * sum over the same j of dy_j x_j s_j^(-beta-1). Keeps x and s.
Tensor local_response_norm(Tensor x, const LocalResponseNormOptions& options = {});

}  // namespace temper
