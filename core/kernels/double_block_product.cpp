// As core/kernels/block_product.cpp: a tile of c, six rows high and two vectors wide, is summed in registers.
#include "core/kernels/double_block_product.h"

#include "core/kernels/block_product.h"
#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/double_block_product.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::CappedTag<double, 8>;

template <int kRows, int kVectors> void add_tile(const DoubleBlockProduct& p, Index row, Index col) {
  const Doubles d;
  constexpr Index kLanes = hn::MaxLanes(Doubles());
  hn::Vec<Doubles> sums[kRows][kVectors];
  for (int i = 0; i < kRows; ++i)
    for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::LoadU(d, p.c + (row + i) * p.c_row + col + v * kLanes);
  const double *a = p.a + row * p.a_row, *b = p.b + col;
  for (Index depth = 0; depth < p.depth; ++depth, a += p.a_step, b += p.b_row) {
    hn::Vec<Doubles> b_row[kVectors];
    for (int v = 0; v < kVectors; ++v) b_row[v] = hn::LoadU(d, b + v * kLanes);
    for (int i = 0; i < kRows; ++i) {
      const hn::Vec<Doubles> factor = hn::Set(d, a[i * p.a_row]);
      for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(factor, b_row[v], sums[i][v]);
    }
  }
  for (int i = 0; i < kRows; ++i)
    for (int v = 0; v < kVectors; ++v) hn::StoreU(sums[i][v], d, p.c + (row + i) * p.c_row + col + v * kLanes);
}

template <int kVectors> void add_columns(const DoubleBlockProduct& p, Index col) {
  Index row = 0;
  for (; row + 6 <= p.rows; row += 6) add_tile<6, kVectors>(p, row, col);
  for (; row < p.rows; ++row) add_tile<1, kVectors>(p, row, col);
}

void add_double_block_product(const DoubleBlockProduct& p) {
  constexpr Index kLanes = hn::MaxLanes(Doubles());
  Index col = 0;
  for (; col + 2 * kLanes <= p.columns; col += 2 * kLanes) add_columns<2>(p, col);
  for (; col < p.columns; col += kLanes) add_columns<1>(p, col);
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(add_double_block_product);

void add_double_block_product(const DoubleBlockProduct& p) {
  TEMPER_CHECK(p.columns % kColumnBlock == 0, "product: ", p.columns, " columns are no multiple of ", kColumnBlock, "; pad them");
  HWY_DYNAMIC_DISPATCH(add_double_block_product)(p);
}

}  // namespace temper
#endif
