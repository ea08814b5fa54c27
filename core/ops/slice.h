#pragma once

#include "core/engine/tensor.h"

namespace temper {

// The rows [begin, end) of the first axis: y(end - begin, ...) of x(N, ...). For the part of a weight that one of its uses needs, such as
// the query's third of an attention's joint projection.
// requires: rank >= 1, 0 <= begin <= end <= N.
// gradient: dy for these rows, 0 for the others. Keeps nothing.
Tensor slice(Tensor x, Index begin, Index end);

}  // namespace temper
