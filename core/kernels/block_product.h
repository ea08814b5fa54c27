// The inner loop of the convolutions: a register-blocked matrix product.
#pragma once

#include <span>

#include "core/base/shape.h"

namespace temper {

// The number of columns of b and c is a multiple of this, the last ones padding. Values in the padding of b affect only the padding of c.
inline constexpr Index kColumnBlock = 8;
inline Index padded_columns(Index columns) { return (columns + kColumnBlock - 1) / kColumnBlock * kColumnBlock; }

// c(row, col) = start(row, col) + sum over r < runs, d < run of a(row, r, d) b(r run + d, col).
// a is read in place, for example as the windows of an image: its element (row, r, d) is a[row a_row + r a_run + d a_step].
struct BlockProduct {
  const float* a;
  Index a_row, a_run, a_step;  // requires: a_row = 1 or a_step = 1
  const float* b;
  Index b_row;  // elements between the starts of two rows
  float* c = nullptr;
  Index c_row = 0;
  const float* start = nullptr;  // null: zeros. May be c
  Index start_row = 0;           // 0: the same for every row, e.g. a bias
  Index rows = 0, columns = 0, runs = 1, run = 0;
  std::span<const float> fetch[2] = {};  // memory that is read or written soon: prefetched while the processor multiplies
};

// In the calling thread. Where a_row > 1, the order of summation does not depend on the number of rows: a tile's result is the same in any
// batch.
void block_product(const BlockProduct& p);

}  // namespace temper
