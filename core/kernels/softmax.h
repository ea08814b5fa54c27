// The steps of a softmax over consecutive values, in the calling thread.
#pragma once

#include "core/base/shape.h"

namespace temper {

// The largest value; -inf for none. NaN is ignored here: `exponentials` reports it.
float maximum(const float* x, Index count);

struct ExponentialSums {
  double sum;      // of the exponentials
  double shifted;  // of x_i - shift; NaN if one of them is, for example with an infinite maximum
};

// y_i = exp(scale (x_i - shift)); y may be x. y_i is 0, not NaN, where x_i - shift is NaN.
ExponentialSums exponentials(const float* x, Index count, float scale, float shift, float* y);

}  // namespace temper
