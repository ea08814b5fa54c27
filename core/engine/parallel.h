// Loops on all cores. How a range is cut depends on its size alone, never on the number of threads, and partial results are combined in the
// order of the range: the result is bit-identical on any number of threads.
#pragma once

#include <type_traits>

#include "core/base/function_ref.h"
#include "core/base/shape.h"
#include "core/engine/buffer.h"

namespace temper {

// The number of threads that loops use, the caller's included. Initially the number of cores that this process may run on.
int threads();
void set_threads(int count);  // 1..1024; may exceed the number of cores

// The chunks of a loop over [0, count): [0, grain), [grain, 2 grain), ..., the last of the remaining length. A loop that stores something
// for each chunk takes their number and their bounds from here, because tests may cut finer than the given grain.
class Chunks {
 public:
  // Every chunk begins at a multiple of `multiple`. requires: grain >= 1, and a multiple of that.
  Chunks(Index count, Index grain, Index multiple = 1);

  Index count() const { return count_; }
  Index number() const { return (count_ + grain_ - 1) / grain_; }
  Index index_of(Index begin) const { return begin / grain_; }
  Index begin(Index chunk) const { return chunk * grain_; }
  Index end(Index chunk) const { return std::min(count_, begin(chunk) + grain_); }

 private:
  Index count_, grain_;
};

// Calls body(begin, end) for all chunks, in any order and concurrently. With one chunk, or on one thread, it runs in the caller and wakes
// no other thread. Denormals are flushed. An exception of a chunk is rethrown to the caller. Loops may nest, and several threads may run
// loops at the same time; but there is one thread pool: a nested loop, and a second caller's loop while the pool is busy, run on the
// calling thread alone.
using ChunkBody = FunctionRef<void(Index begin, Index end)>;
void parallel_for(const Chunks& chunks, ChunkBody body);
inline void parallel_for(Index count, Index grain, ChunkBody body) { parallel_for(Chunks(count, grain), body); }

// Folds join from left to right over `identity` and map(begin, end) of the chunks.
template <class T, class Map, class Join> T parallel_reduce(const Chunks& chunks, T identity, Map map, Join join) {
  static_assert(std::is_trivially_copyable_v<T>);
  Workspace scratch;
  T* parts = scratch.take<T>(chunks.number());
  parallel_for(chunks, [&](Index begin, Index end) { parts[chunks.index_of(begin)] = map(begin, end); });
  for (Index chunk = 0; chunk < chunks.number(); ++chunk) identity = join(identity, parts[chunk]);
  return identity;
}
template <class T, class Map, class Join> T parallel_reduce(Index count, Index grain, T identity, Map map, Join join) {
  return parallel_reduce(Chunks(count, grain), identity, map, join);
}

// Elements in a chunk of a loop with little work for each: enough to be worth a task, few enough for the first-level caches.
inline constexpr Index kElementGrain = 1 << 14;
// The same for a loop over rows of `row_size` elements.
inline Index row_grain(Index row_size) { return std::max<Index>(1, kElementGrain / std::max<Index>(1, row_size)); }

// For tests: while one lives, no chunk is larger than `grain` elements, or the multiple that its loop asks for. A loop over a few elements
// then runs as one over millions does. Sums are rounded in another order; every number of threads still computes the same bits.
class ForcedGrain {
 public:
  explicit ForcedGrain(Index grain);
  ~ForcedGrain();
  ForcedGrain(const ForcedGrain&) = delete;
  ForcedGrain& operator=(const ForcedGrain&) = delete;

  // What the loops since then were cut into.
  struct Counts {
    Index loops = 0;        // of one element or more
    Index cut = 0;          // of those: into two chunks or more
    Index most_ragged = 0;  // chunks of the one that was cut into the most of those whose last chunk is shorter than the others
  };
  Counts counts() const;

 private:
  Index before_;
  Counts counts_before_;
};

}  // namespace temper
