#pragma once

#include <optional>

#include "core/ops/window.h"
#include "core/tensor.h"

namespace temper {

struct MaxPoolOptions {
  Size2 kernel = 2;
  std::optional<Size2> stride = {};  // absent: the kernel, so that the windows lie side by side
  Size2 padding = 0;                 // on each side, at most kernel/2
};

// y(N,P,Q,C) = the largest value in each window of images x(N,H,W,C). Padding never wins, however small the values. NaN wins.
// gradient: all of dy goes to the first position, row by row, that holds the largest value. Keeps that position for every output, a quarter
// of x for 2 x 2, and neither x nor y: it is known in forward anyway, and backward need not find ties and NaN again. Without a tape nothing
// of it is written.
Tensor max_pool(Tensor x, const MaxPoolOptions& options = {});

}  // namespace temper
