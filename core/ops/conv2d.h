#pragma once

#include "core/ops/window.h"
#include "core/tensor.h"

namespace temper {

struct Conv2dOptions {
  Size2 stride = 1;
  Size2 padding = 0;  // zeros on each side
  Size2 dilation = 1;
  Index groups = 1;  // group g of the K outputs sees group g of the C channels alone; groups = C is the depthwise convolution
};

// y(N,P,Q,K) = b(K) + the correlation of images x(N,H,W,C) with kernels w(K,R,S,C/groups):
//   y[n,p,q,k] = b[k] + sum over r,s,c of w[k,r,s,c] x[n, p stride - padding + r dilation, q stride - padding + s dilation, c of k's
//   group].
// b may be empty. P and Q: see core/ops/window.h. An empty batch gives an empty output.
// requires: a kernel that fits the padded input; C and K that are multiples of groups.
// gradient: the three sums over the same products. Keeps x and w.
// 3x3 and 5x5 kernels of stride 1 over channels that are multiples of 16 are computed by minimal filtering (core/kernels/convolution.h):
// its errors are within 1e-4 of the output's scale, about 1e-5 as a rule, and a NaN or infinity of x reaches all of the tile around it.
// An image's output, and its dx, do not depend on the batch that it comes in, bit for bit.
Tensor conv2d(Tensor x, Tensor w, Tensor b = {}, const Conv2dOptions& options = {});

}  // namespace temper
