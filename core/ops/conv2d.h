#pragma once

#include <vector>

#include "core/engine/tensor.h"
#include "core/ops/options.h"

namespace temper {

// y(N,P,Q,K) = b(K) + the correlation of images x(N,H,W,C) with kernels w(K,R,S,C/groups):
//   y[n,p,q,k] = b[k] + sum over r,s,c of w[k,r,s,c] x[n, p stride - padding + r dilation, q stride - padding + s dilation, c of k's
//   group].
// b may be empty. P and Q: see core/kernels/window.h. An empty batch gives an empty output.
// requires: a kernel that fits the padded input; C and K that are multiples of groups.
// gradient: the three sums over the same products. Keeps x and w.
// 3x3 and 5x5 kernels of stride 1 over channels that are multiples of 16 are computed by minimal filtering (core/kernels/convolution.h):
// its errors are within 1e-4 of the output's scale, about 1e-5 as a rule, and a NaN or infinity of x reaches all of the tile around it.
// An image's output, and its dx, do not depend on the batch that it comes in, bit for bit.
Tensor conv2d(Tensor x, Tensor w, Tensor b = {}, const Conv2dOptions& options = {});

// A convolution prepared for evaluation: its kernels are scaled and packed in the layout of its algorithm.
struct PackedConv2d {
  Shape w;  // (K,R,S,C/groups)
  Conv2dOptions options;
  Tensor kernels, bias;  // bias(K)
};
// A map of each channel, by which a batch normalisation in evaluation can be folded into the convolution before it.
struct ChannelMap {
  std::vector<double> scale, shift;  // (K); both empty: the identity
};
// Packs the convolution  y = scale conv2d(x, w, b) + shift.
PackedConv2d pack_conv2d(const Tensor& w, const Tensor& b, const Conv2dOptions& options, const ChannelMap& then = {});
// y(N,P,Q,K) = the packed convolution of x(N,H,W,C) [+ residual(N,P,Q,K)], then max(y, 0) if relu; in one pass over memory.
// requires: evaluation, no tape.
Tensor conv2d(const Tensor& x, const PackedConv2d& packed, bool relu = false, const Tensor& residual = {});

}  // namespace temper
