#pragma once

#include "core/engine/tensor.h"

namespace temper {

// y() = the mean of all elements of x, added up in double.
// requires: at least one element.
// gradient: dx = dy / size everywhere. Keeps nothing.
Tensor mean(Tensor x);

}  // namespace temper
