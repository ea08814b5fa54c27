// The options and argument checks that conv2d, batch_norm and norm_conv2d share.
#pragma once

#include "core/kernels/batch_statistics.h"
#include "core/kernels/window.h"

namespace temper {

struct Conv2dOptions {
  Size2 stride = 1;
  Size2 padding = 0;  // zeros on each side
  Size2 dilation = 1;
  Index groups = 1;  // group g of the K outputs sees group g of the C channels alone; groups = C is the depthwise convolution

  Window window(const Shape& w) const { return {{w[1], w[2]}, stride, padding, dilation}; }  // of kernels w(K,R,S,C/groups)
};

struct BatchNormOptions {
  float epsilon = 1e-5f;
  float momentum = 0.1f;  // weight of the new batch in the running statistics, as in PyTorch: 1 forgets the past
  bool frozen = false;    // normalise with the running statistics on a tape as well, and leave them as they are: for fine-tuning
  bool relu = false;      // y = max(y, 0) at the end, in the same pass over memory
};

// All throw Error, in the name of the op `op`, for options out of range and for tensors that do not fit.

// The output (N,P,Q,K) of a convolution of x(N,H,W,C) with w(K,R,S,C/groups).
Shape convolved_shape(const char* op, const Shape& x, const Shape& w, const Conv2dOptions& options);

void check_options(const char* op, const BatchNormOptions& options);
void check_batch_norm(const char* op, const Shape& x, const Shape& gamma, const Shape& beta, const RunningStatistics& running,
                      bool over_batch);

}  // namespace temper
