#pragma once

#include <vector>

#include "core/engine/tensor.h"

namespace temper {

// The parts side by side along the last axis: y(..., C1 + C2 + ...) of parts (..., C1), (..., C2), ...
// requires: at least one part; equal shapes but for the last extent.
// gradient: each part gets its columns of dy. Keeps nothing.
Tensor concat(std::vector<Tensor> parts);

}  // namespace temper
