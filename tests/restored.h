// What a test changes for its scope and the scope's end puts back.
#pragma once

#include "core/engine/buffer.h"
#include "core/engine/parallel.h"

namespace temper {

struct ThreadsRestored {
  int before = threads();
  ~ThreadsRestored() { set_threads(before); }
};

// Memory comes filled with NaN: what is read before it is written shows.
struct PoisonedPool {
  PoisonedPool() { MemoryPool::shared().poison(true); }
  ~PoisonedPool() { MemoryPool::shared().poison(false); }
};

}  // namespace temper
