#pragma once

#include <optional>

#include "core/engine/tensor.h"
#include "core/kernels/window.h"

namespace temper {

struct AvgPoolOptions {
  Size2 kernel = 2;
  std::optional<Size2> stride = {};  // absent: the kernel, so that the windows lie side by side
  Size2 padding = 0;                 // on each side, at most kernel/2
  bool count_padding = true;  // divide by the kernel's size everywhere (PyTorch's count_include_pad), or by the positions on the image
};

// y(N,P,Q,C) = the mean of each window of images x(N,H,W,C), where the padding is 0.
// gradient: dy over the divisor, to every position of its window. Keeps nothing.
Tensor avg_pool(Tensor x, const AvgPoolOptions& options = {});

// y(N,C) = the mean of images x(N,H,W,C) over H and W. requires: H, W >= 1.
// gradient: dx = dy / (H W). Keeps nothing.
Tensor global_avg_pool(Tensor x);

}  // namespace temper
