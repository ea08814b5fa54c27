// The exponentials of an array of doubles, in the calling thread.
#pragma once

#include "core/shape.h"

namespace temper {

// e_i = exp(x_i) for x_i <= 700 or -inf, to two units in the last place; exp(0) is 1, and nothing below 0 gives more. The bits depend on
// x_i alone, not on its place in the array. e may be x.
void exponentials(const double* x, Index size, double* e);

}  // namespace temper
