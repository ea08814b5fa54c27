// The exponentials of an array of doubles, in the calling thread.
#pragma once

#include "core/base/shape.h"

namespace temper {

// e_i = exp(x_i) for x_i <= 700 or -inf, to two units in the last place; exp(0) is exactly 1, and negative x_i give at most 1. The bits
// depend on x_i alone, not on its place in the array. e may be x.
void exponentials(const double* x, Index size, double* e);

}  // namespace temper
