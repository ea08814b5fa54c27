// check_op: one call proves an operation. Forward against a naive double reference; gradients against the numeric gradient of that
// reference; all in memory poisoned with NaN; adding to gradients that are there already; in place against not in place; a tensor used
// twice; on 1, 2 and 3 threads bit for bit.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/tensor.h"
#include "tests/reference.h"

namespace temper {

struct OpCheck {
  std::vector<Shape> inputs;
  std::function<Tensor(std::span<Tensor> inputs)> op;  // may move from the inputs
  std::function<reference::Array(std::span<const reference::Array> inputs)> reference;
  double tolerance = 1e-6;    // of the scale of what is compared: its largest absolute value, at least 1e-3
  double low = -2, high = 2;  // inputs are distinct, evenly spread over this range, in random order, never a multiple of half their spacing
                              // (no kinks, no ties)
  std::vector<bool> differentiable = {};  // which inputs have a gradient; empty: all
};

void check_op(const OpCheck& check);

}  // namespace temper
