// A block of c, some rows high and one or two vectors wide, is summed in registers: for each step of the depth its part of a row of b is
// loaded, and every row multiplies it with one element of a, broadcast. 32 registers hold 12 rows of 2 vectors or 20 rows of 1; 16 hold 6
// or 10.
#include "core/kernels/block_product.h"

#include <hwy/cache_control.h>

#include <array>
#include <utility>

#include "core/kernels/simd.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/block_product.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file for each target.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace temper::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif
constexpr int most_rows(int vectors) { return kRegisters / (2 * vectors) + kRegisters / 8; }

// One step of the depth: sums += the elements of a at the pointers times a row of b.
template <class D, int kVectors, int kRows, int kGroup>
HWY_INLINE void add_products(const float* const* a, Index a_row, const float* b, hn::Vec<D> (&sums)[kRows][kVectors]) {
  const D d;
  hn::Vec<D> b_row[kVectors];
  for (int v = 0; v < kVectors; ++v) b_row[v] = hn::LoadU(d, b + v * hn::MaxLanes(d));
#pragma GCC unroll 32
  for (int i = 0; i < kRows; ++i) {
    const hn::Vec<D> factor = hn::Set(d, a[i / kGroup][i % kGroup * a_row]);
    for (int v = 0; v < kVectors; ++v) sums[i][v] = hn::MulAdd(factor, b_row[v], sums[i][v]);
  }
}

// Fetches the share of rows [begin, end) of what p.fetch names.
inline void fetch_share(const BlockProduct& p, Index begin, Index end) {
  constexpr Index kLine = 16;  // floats of a cache line
  for (const std::span<const float> memory : p.fetch) {
    const Index size = static_cast<Index>(memory.size());
    for (Index i = size * begin / p.rows; i < size * end / p.rows; i += kLine) hwy::Prefetch(memory.data() + i);
  }
}

// `blocks` blocks of kRows rows each, one below the other.
template <class D, int kVectors, int kRows, bool kTransposed>
void blocks_of_rows(const BlockProduct& p, Index col, Index row, Index blocks) {
  // Four rows share a pointer: their distances from it, 0, 1, 2 and 3 a_row, are index registers of the processor's addresses.
  constexpr int kGroup = kTransposed ? 32 : 4, kGroups = (kRows + kGroup - 1) / kGroup;
  // A multiply-add takes four cycles: fewer than eight sums, and the processor would wait for them. Every second step then has its own
  // sums.
  constexpr int kChains = kTransposed && kRows * kVectors < 8 ? 2 : 1;
  const D d;
  const Index a_row = kTransposed ? 1 : p.a_row, a_step = kTransposed ? p.a_step : 1, lanes = static_cast<Index>(hn::MaxLanes(d));
  for (; blocks > 0; --blocks, row += kRows) {
    hn::Vec<D> sums[kChains][kRows][kVectors];
#pragma GCC unroll 32
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < kVectors; ++v) {
        sums[0][i][v] = p.start ? hn::LoadU(d, p.start + (row + i) * p.start_row + col + v * lanes) : hn::Zero(d);
        if constexpr (kChains == 2) sums[1][i][v] = hn::Zero(d);
      }
    }
    if (col == 0) fetch_share(p, row, row + kRows);
    const float* b = p.b + col;
    for (Index run = 0; run < p.runs; ++run) {
      const float* a[kGroups];
#pragma GCC unroll 32
      for (int group = 0; group < kGroups; ++group) a[group] = p.a + (row + group * kGroup) * a_row + run * p.a_run;
      const auto step = [&](int chain) HWY_ATTR {
        add_products<D, kVectors, kRows, kGroup>(a, a_row, b, sums[chain]);
        b += p.b_row;
#pragma GCC unroll 32
        for (int group = 0; group < kGroups; ++group) a[group] += a_step;
      };
      Index depth = 0;
      if constexpr (kChains == 2) {
        for (; depth + 2 <= p.run; depth += 2) {
          step(0);
          step(1);
        }
      }
      for (; depth < p.run; ++depth) step(0);
    }
#pragma GCC unroll 32
    for (int i = 0; i < kRows; ++i) {
      for (int v = 0; v < kVectors; ++v) {
        if constexpr (kChains == 2) sums[0][i][v] = hn::Add(sums[0][i][v], sums[1][i][v]);
        hn::StoreU(sums[0][i][v], d, p.c + (row + i) * p.c_row + col + v * lanes);
      }
    }
  }
}

using BlocksOfRows = void (*)(const BlockProduct& p, Index col, Index row, Index blocks);

template <class D, int kVectors, bool kTransposed, std::size_t... kRowsMinus1>
constexpr auto for_each_height(std::index_sequence<kRowsMinus1...>) {
  return std::array<BlocksOfRows, sizeof...(kRowsMinus1)>{blocks_of_rows<D, kVectors, static_cast<int>(kRowsMinus1) + 1, kTransposed>...};
}

// All rows of kVectors vectors of columns, in blocks as high as each other but for one row.
template <class D, int kVectors, bool kTransposed> void all_rows(const BlockProduct& p, Index col) {
  constexpr std::size_t kMost = most_rows(kVectors);
  static constexpr auto kHeights = for_each_height<D, kVectors, kTransposed>(std::make_index_sequence<kMost>());
  const Index blocks = (p.rows + static_cast<Index>(kMost) - 1) / static_cast<Index>(kMost);
  const Index height = p.rows / blocks, higher = p.rows % blocks;
  if (higher > 0) kHeights[static_cast<std::size_t>(height)](p, col, 0, higher);
  kHeights[static_cast<std::size_t>(height - 1)](p, col, higher * (height + 1), blocks - higher);
}

template <bool kTransposed> void all_columns(const BlockProduct& p) {
  using Full = hn::CappedTag<float, 16>;
  using Half = hn::CappedTag<float, 8>;
  constexpr Index kFull = hn::MaxLanes(Full()), kHalf = hn::MaxLanes(Half());
  Index col = 0;
  for (; col + 2 * kFull <= p.columns; col += 2 * kFull) all_rows<Full, 2, kTransposed>(p, col);
  for (; col + kFull <= p.columns; col += kFull) all_rows<Full, 1, kTransposed>(p, col);
  for (; col + kHalf <= p.columns; col += kHalf) all_rows<Half, 1, kTransposed>(p, col);
}

void block_product(const BlockProduct& p) {
  if (p.a_row == 1) {
    all_columns<true>(p);
  } else {
    all_columns<false>(p);
  }
}

}  // namespace temper::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace temper {

HWY_EXPORT(block_product);

void block_product(const BlockProduct& p) {
  TEMPER_CHECK(p.columns % kColumnBlock == 0, "product: ", p.columns, " columns are no multiple of ", kColumnBlock, "; pad them");
  if (p.rows > 0 && p.columns > 0) HWY_DYNAMIC_DISPATCH(block_product)(p);
}

}  // namespace temper
#endif
