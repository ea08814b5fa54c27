// Words as vectors.
#pragma once

#include <cstdint>
#include <span>

#include "core/engine/tensor.h"

namespace temper {

// Rows of a table(V,D) by number: y(T,D), y_t = table[ids[t]]. The table may be the weight of the output layer as well: linear(h, table)
// gives the logits (T,V), and the gradients of both uses add up (Press and Wolf, "Using the Output Embedding to Improve Language Models",
// EACL 2017).
// requires: every id in 0..V-1. Throws Error naming the position otherwise.
// gradient: dtable[v] = the sum of dy_t where ids[t] = v, in the order of t. Keeps the ids: what the span points to need not outlive the
//   call.
Tensor embedding(Tensor table, std::span<const std::int32_t> ids);

}  // namespace temper
