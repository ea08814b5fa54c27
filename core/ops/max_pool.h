#pragma once

#include <optional>

#include "core/engine/tensor.h"
#include "core/kernels/window.h"

namespace temper {

struct MaxPoolOptions {
  Size2 kernel = 2;
  std::optional<Size2> stride = {};  // absent: the kernel, so that the windows lie side by side
  Size2 padding = 0;                 // on each side, at most kernel/2
};

// y(N,P,Q,C) = the largest value in each window of images x(N,H,W,C). Padding never wins, however small the values. NaN wins.
// gradient: all of dy goes to the first position, row by row, with the largest value. Keeps that position for every output, which for 2 x 2
// windows takes a quarter of the memory of x, and neither x nor y. Without a tape the positions are not written.
Tensor max_pool(Tensor x, const MaxPoolOptions& options = {});

}  // namespace temper
