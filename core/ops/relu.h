#pragma once

#include "core/engine/tensor.h"

namespace temper {

// y = max(x, 0); NaN stays NaN.
// gradient: dx = dy where y > 0, else 0. Backward keeps y. In place where x is not needed elsewhere.
Tensor relu(Tensor x);

}  // namespace temper
