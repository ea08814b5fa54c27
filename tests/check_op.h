// check_op: one call proves an operation. Forward against a naive double reference; gradients against the numeric gradient of that
// reference; all in memory poisoned with NaN; adding to gradients that are there already; in place against not in place; a tensor used
// twice; on 1, 2 and 3 threads bit for bit. All of that again on every instruction set of this machine, and on each with loops that are cut
// into chunks of 1, 3, 7 and 37 elements: the few elements of a test would fit into one chunk, in which no wrong offset shows.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/engine/tensor.h"
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

// A line for each op that check_op has seen in this process, forward or backward, whose shapes were all too small to be cut into five
// chunks with a shorter last one: its proof would be blind to offsets. Empty when there is none; tests/main.cpp asks at the end.
std::string ops_not_cut();

}  // namespace temper
