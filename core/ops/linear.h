#pragma once

#include "core/engine/tensor.h"

namespace temper {

// A dense layer: y(N,K) = x(N,D) w(K,D)^T + b(K); b may be empty.
// requires: x of rank 2, w of rank 2 with as many columns as x.
// gradient: dx = dy w, dw = dy^T x, db = sum of dy over the rows. Keeps x and w.
Tensor linear(Tensor x, Tensor w, Tensor b = {});

}  // namespace temper
