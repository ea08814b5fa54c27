#include "core/engine/buffer.h"

#include <limits>
#include <vector>

namespace temper {

MemoryPool& MemoryPool::shared() {
  static MemoryPool* const pool = new MemoryPool;  // never destroyed: tensors of static storage may outlive any order of destruction
  return *pool;
}

Heap::Block* MemoryPool::take(std::size_t bytes) {
  Heap::Block* block = nullptr;
  {
    const std::lock_guard lock(mutex_);
    block = heap_.take(bytes);
    TEMPER_CHECK(block, "memory: the system has no ", bytes, " bytes left; use a smaller --batch or model");
    bytes_in_use_ += block->bytes();
    peak_bytes_in_use_ = std::max(peak_bytes_in_use_, bytes_in_use_);
  }
  block->references.store(1, std::memory_order_relaxed);
  if (poison_.load(std::memory_order_relaxed)) {
    std::fill_n(reinterpret_cast<float*>(block + 1), block->bytes() / sizeof(float), std::numeric_limits<float>::quiet_NaN());
  }
  return block;
}

void MemoryPool::give_back(Heap::Block* block) {
  const std::lock_guard lock(mutex_);
  bytes_in_use_ -= block->bytes();
  heap_.give_back(block);
}

MemoryPool::Stats MemoryPool::stats() const {
  const std::lock_guard lock(mutex_);
  return {.system_bytes = heap_.held(),
          .system_requests = heap_.extensions(),
          .bytes_in_use = bytes_in_use_,
          .peak_bytes_in_use = peak_bytes_in_use_};
}

void MemoryPool::forget_peak() {
  const std::lock_guard lock(mutex_);
  peak_bytes_in_use_ = bytes_in_use_;
}

void MemoryPool::trim() {
  const std::lock_guard lock(mutex_);
  heap_.trim();
}

namespace {

// A thread's stack of scratch memory: chunks that grow by doubling. When it runs empty, several chunks are replaced by one that holds them
// all.
struct Stack {
  static constexpr std::size_t kFirstChunk = std::size_t{1} << 20;
  struct Chunk {
    Buffer memory;
    std::size_t capacity;
  };
  std::vector<Chunk> chunks;
  std::size_t chunk = 0, offset = 0;

  void* take(std::size_t bytes) {
    bytes = (bytes + Heap::kUnit - 1) / Heap::kUnit * Heap::kUnit;
    while (chunk < chunks.size() && offset + bytes > chunks[chunk].capacity) {
      ++chunk;
      offset = 0;
    }
    if (chunk == chunks.size()) {
      const std::size_t capacity = std::max({kFirstChunk, bytes, chunks.empty() ? 0 : 2 * chunks.back().capacity});
      chunks.push_back({Buffer(capacity), capacity});
    }
    void* result = static_cast<char*>(chunks[chunk].memory.data()) + offset;
    offset += bytes;
    return result;
  }

  void release_to(std::size_t old_chunk, std::size_t old_offset) {
    chunk = old_chunk;
    offset = old_offset;
    if (chunk == 0 && offset == 0 && chunks.size() > 1) {
      std::size_t total = 0;
      for (const Chunk& part : chunks) total += part.capacity;
      chunks.clear();
      chunks.push_back({Buffer(total), total});
    }
  }
};

Stack& stack() {
  thread_local Stack mine;
  return mine;
}

}  // namespace

Workspace::Workspace() : chunk_(stack().chunk), offset_(stack().offset) {}
Workspace::~Workspace() { stack().release_to(chunk_, offset_); }
void* Workspace::take_bytes(std::size_t bytes) { return stack().take(bytes); }

}  // namespace temper
