// Arithmetic on tensors of equal shape. There is no broadcasting: ops of their own add biases and the like.
#pragma once

#include "core/engine/tensor.h"

namespace temper {

// y = a + b. gradient: da = db = dy. Keeps nothing.
Tensor add(Tensor a, Tensor b);

// y = a b, element by element. gradient: da = dy b, db = dy a. Keeps a and b.
Tensor multiply(Tensor a, Tensor b);

// y = factor x. gradient: dx = factor dy. Keeps nothing.
Tensor scale(Tensor x, float factor);

}  // namespace temper
