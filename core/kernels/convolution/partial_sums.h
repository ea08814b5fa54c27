// A gradient that is a sum over a batch, as partial sums whose number depends on sizes alone, joined in order: the same bits on any number
// of threads.
#pragma once

#include "core/parallel.h"

namespace temper {

struct PartialSums {
  // For `terms` terms of `size` elements each.
  PartialSums(Index terms, Index size_of_each) : size(size_of_each) {
    constexpr Index kMost = 16, kMostMemory = 1 << 22;  // 16 MiB, unless two need more
    const Index most = std::clamp<Index>(kMostMemory / std::max<Index>(1, size), 2, kMost);
    grain = std::max<Index>(1, (terms + most - 1) / most);
    count = (terms + grain - 1) / grain;
  }

  Index memory() const { return count * size; }

  // Joins sums [begin, end) of all parts into the first part.
  void join(float* sums, Index begin, Index end) const {
    for (Index part = 1; part < count; ++part) {
      const float* from = sums + part * size;
      for (Index i = begin; i < end; ++i) sums[i] += from[i];
    }
  }

  Index size, grain, count;  // elements, terms a part, parts
};

}  // namespace temper
