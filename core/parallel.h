// Loops on all cores. Where a range is cut depends on its size alone, never on the number of threads, and partial results are joined in the
// order of the range: every number of threads computes the same bits.
#pragma once

#include <type_traits>

#include "core/buffer.h"
#include "core/function_ref.h"
#include "core/shape.h"

namespace temper {

// The number of threads that loops use, the caller's included. At first: the cores this process may run on.
int threads();
void set_threads(int count);  // 1..1024, more than there are cores if need be

// Calls body(begin, end) for the chunks [0, grain), [grain, 2 grain), ... of [0, count), in any order and at the same time. With one chunk,
// or on one thread, it runs in the caller without waking another. Denormals are flushed. An exception of a chunk reaches the caller. Loops
// nest.
void parallel_for(Index count, Index grain, FunctionRef<void(Index begin, Index end)> body);

// The fold, from left to right, of join over `identity` and map(begin, end) of those chunks.
template <class T, class Map, class Join> T parallel_reduce(Index count, Index grain, T identity, Map map, Join join) {
  static_assert(std::is_trivially_copyable_v<T>);
  const Index chunks = (count + grain - 1) / grain;
  Workspace scratch;
  T* parts = scratch.take<T>(chunks);
  parallel_for(count, grain, [&](Index begin, Index end) { parts[begin / grain] = map(begin, end); });
  for (Index chunk = 0; chunk < chunks; ++chunk) identity = join(identity, parts[chunk]);
  return identity;
}

// Elements a chunk of a loop that does little for each: enough work to be worth a task, little enough for the first-level caches.
inline constexpr Index kElementGrain = 1 << 14;
// The same for a loop over rows of `row_size` elements.
inline Index row_grain(Index row_size) { return std::max<Index>(1, kElementGrain / std::max<Index>(1, row_size)); }

}  // namespace temper
