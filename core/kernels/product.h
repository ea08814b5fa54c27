// The inner loop of every convolution: a matrix product whose sums stay in registers.
#pragma once

#include <span>

#include "core/shape.h"

namespace temper {

// The columns of b and c are a multiple of this, the last ones padded. What is in the padding of b reaches that of c alone.
inline constexpr Index kColumnBlock = 8;
inline Index padded_columns(Index columns) { return (columns + kColumnBlock - 1) / kColumnBlock * kColumnBlock; }

// c(row, col) = start(row, col) + sum over r < runs, d < run of a(row, r, d) b(r run + d, col).
// a is read where it lies, e.g. as the windows of an image: its element (row, r, d) is a[row a_row + r a_run + d a_step].
struct Product {
  const float* a;
  Index a_row, a_run, a_step;  // requires: a_row = 1 or a_step = 1
  const float* b;
  Index b_row;  // elements between the starts of two rows
  float* c = nullptr;
  Index c_row = 0;
  const float* start = nullptr;  // null: zeros. May be c
  Index start_row = 0;           // 0: the same for every row, e.g. a bias
  Index rows = 0, columns = 0, runs = 1, run = 0;
  std::span<const float> fetch[2] = {};  // what is read or written soon: goes into the cache while the processor multiplies
};

// In the calling thread. Where a_row > 1, the order of a sum does not depend on the number of rows: a tile's result is the same in any
// batch.
void product(const Product& p);

}  // namespace temper
