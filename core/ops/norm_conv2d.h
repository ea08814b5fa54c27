#pragma once

#include "core/engine/tensor.h"
#include "core/ops/options.h"

namespace temper {

// y(N,P,Q,K) = conv2d(max(batch_norm(x(N,H,W,C), gamma, beta), 0), w(K,R,S,C/groups)), the convolution inside a residual block, in one op.
// The normalised tensor is never kept, and for 3x3 and 5x5 kernels never stored: the convolution normalises its input while reading it, and
// backward does so again. That saves a tensor of the size of x, and writing and reading it. See core/ops/batch_norm.h and conv2d.h for the
// rest. requires: what both require; norm_options.relu. gradient: keeps x, gamma, beta, w and three numbers a channel.
Tensor norm_conv2d(Tensor x, Tensor gamma, Tensor beta, const RunningStatistics& running, const BatchNormOptions& norm_options, Tensor w,
                   const Conv2dOptions& conv_options);

}  // namespace temper
