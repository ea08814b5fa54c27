// A gradient that is a sum over a batch, computed as partial sums. Their number depends on sizes alone and they are added in order:
// bit-identical on any number of threads.
#pragma once

#include "core/engine/parallel.h"

namespace temper {

struct PartialSums {
  // For `terms` terms of `size` elements each.
  PartialSums(Index terms, Index size_of_each) : size(size_of_each), chunks(terms, grain(terms, size_of_each)) {}

  // Memory for the sums of all parts. Of no terms there is one part, zeros.
  float* take(Workspace& scratch) const {
    float* const sums = scratch.take(std::max<Index>(1, chunks.number()) * size);
    if (chunks.count() == 0) std::fill_n(sums, size, 0.0f);
    return sums;
  }

  // The part that the chunk of terms from `first` on adds up.
  float* of(float* sums, Index first) const { return sums + chunks.index_of(first) * size; }

  // Adds elements [begin, end) of all parts to those of the first part.
  void join(float* sums, Index begin, Index end) const {
    for (Index part = 1; part < chunks.number(); ++part) {
      const float* from = sums + part * size;
      for (Index i = begin; i < end; ++i) sums[i] += from[i];
    }
  }

  Index size;     // elements
  Chunks chunks;  // of the terms

 private:
  static Index grain(Index terms, Index size) {
    constexpr Index kMost = 16, kMostMemory = 1 << 22;  // 16 MiB, unless two need more
    const Index most = std::clamp<Index>(kMostMemory / std::max<Index>(1, size), 2, kMost);
    return std::max<Index>(1, (terms + most - 1) / most);
  }
};

}  // namespace temper
