// A matrix product in double, for fitting calibrators, where float is not precise enough.
#pragma once

#include "core/base/shape.h"

namespace temper {

// c(row, col) += sum over d < depth of a(row, d) b(d, col). The number of columns is a multiple of kColumnBlock
// (core/kernels/block_product.h), the last ones padding: values in the padding of b affect only the padding of c.
struct DoubleBlockProduct {
  const double* a;
  Index a_row, a_step;  // a(row, d) = a[row a_row + d a_step]
  const double* b;
  Index b_row;  // elements between the starts of two rows
  double* c;
  Index c_row;
  Index rows, columns, depth;
};

// In the calling thread; throws Error for columns that are not padded.
void add_double_block_product(const DoubleBlockProduct& p);

}  // namespace temper
