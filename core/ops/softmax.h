// Softmax over the last axis, for attention and for probabilities. A loss on logits is softmax_cross_entropy, which needs neither.
#pragma once

#include "core/engine/tensor.h"

namespace temper {

// y_k = exp(x_k - max) / sum_j exp(x_j - max), for every row x of the last axis (..., K).
// requires: rank >= 1, K >= 1.
// ensures: a row that holds NaN or +inf is NaN; a row of nothing but -inf, a fully masked row of attention, is 0 and passes no gradient.
// gradient: dx_k = y_k (dy_k - sum_j dy_j y_j). Backward keeps y. In place where x is not needed elsewhere.
Tensor softmax(Tensor x);

// y_k = (x_k - max) - log sum_j exp(x_j - max): right where softmax underflows, and for logits of 1e8.
// requires: as softmax.
// ensures: a row that holds NaN or +inf, or nothing but -inf, is NaN.
// gradient: dx_k = dy_k - exp(y_k) sum_j dy_j. Backward keeps y. In place where x is not needed elsewhere.
Tensor log_softmax(Tensor x);

}  // namespace temper
