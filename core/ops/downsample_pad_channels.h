#pragma once

#include "core/engine/tensor.h"

namespace temper {

// The parameter-free shortcut of a residual network where the image shrinks and the channels grow (option A of He et al., "Deep Residual
// Learning for Image Recognition", CVPR 2016): y(N,P,Q,K) holds every `stride`-th pixel of x(N,H,W,C), its channels in the middle of K,
// zeros on both sides:
//   y[n,p,q,k] = x[n, p stride, q stride, k - (K - C) / 2] where that is a channel of x, else 0;   P = ceil(H / stride), Q = ceil(W /
//   stride).
// requires: stride >= 1; K >= C, K - C even.
// gradient: dx is dy where x went, 0 where x was skipped. Keeps nothing.
Tensor downsample_pad_channels(Tensor x, Index stride, Index channels);

}  // namespace temper
