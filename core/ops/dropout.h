#pragma once

#include "core/base/random.h"
#include "core/engine/tensor.h"

namespace temper {

// Dropout (Srivastava et al., JMLR 2014). On a tape: y = x / (1 - rate) where the element is kept, 0 where it is dropped, whatever x was.
// With no tape: y = x.
// Element i is dropped where word i % 4 of random.block(i / 4), an integer in [0, 2^32), is below rate 2^32: a function of `random` and i
// alone. Give every layer and every step a stream of its own: Random(seed, {step, layer}).
// requires: rate in [0,1]; at 1 all is dropped.
// gradient: dx = dy / (1 - rate) where kept, else 0. Keeps nothing: backward draws the same words again. In place.
Tensor dropout(Tensor x, float rate, const Random& random);

// y = x + dropout(branch), in one pass: where a residual branch joins its stream. With no tape, or rate 0: y = x + branch.
// requires: both of the same shape. gradient: dx = dy, dbranch as dropout's. Keeps nothing. In the place of x.
Tensor add_dropout(Tensor x, Tensor branch, float rate, const Random& random);

}  // namespace temper
