#include "core/buffer.h"

#include <bit>
#include <cstdlib>
#include <limits>
#include <new>
#include <vector>

namespace temper {
namespace {

constexpr std::size_t kUnit = 64;

// Class c holds blocks of class_units(c) units: 1..8, then eight even steps to every doubling.
int class_of(std::size_t units) {
  if (units <= 8) return static_cast<int>(units) - 1;
  const int shift = static_cast<int>(std::bit_width(units - 1)) - 4;  // (units - 1) >> shift is in 8..15
  return static_cast<int>((units - 1) >> shift) + 8 * shift;
}

std::size_t class_units(int size_class) {
  if (size_class < 8) return static_cast<std::size_t>(size_class) + 1;
  const int shift = size_class / 8 - 1;
  return static_cast<std::size_t>(size_class - 8 * shift + 1) << shift;
}

}  // namespace

Pool& Pool::shared() {
  static Pool* const pool = new Pool;  // never destroyed: tensors of static storage may outlive any order of destruction
  return *pool;
}

Pool::Block* Pool::take(std::size_t bytes) {
  const int size_class = class_of(std::max<std::size_t>(1, (bytes + kUnit - 1) / kUnit));
  const std::size_t capacity = class_units(size_class) * kUnit;
  Block* block = nullptr;
  {
    const std::lock_guard lock(mutex_);
    Block*& shelf = unused_[static_cast<std::size_t>(size_class)];
    if (shelf) {
      block = shelf;
      shelf = block->next;
    } else {
      void* memory = std::aligned_alloc(kAlignment, sizeof(Block) + capacity);
      TEMPER_CHECK(memory, "memory: the system has no ", capacity, " bytes left; use a smaller --batch or model");
      block = new (memory) Block{.references = 0, .size_class = size_class, .next = nullptr};
      stats_.system_bytes += capacity;
      ++stats_.system_requests;
    }
    stats_.bytes_in_use += capacity;
    stats_.peak_bytes_in_use = std::max(stats_.peak_bytes_in_use, stats_.bytes_in_use);
  }
  block->references.store(1, std::memory_order_relaxed);
  if (poison_.load(std::memory_order_relaxed)) {
    std::fill_n(reinterpret_cast<float*>(block + 1), capacity / sizeof(float), std::numeric_limits<float>::quiet_NaN());
  }
  return block;
}

void Pool::give_back(Block* block) {
  const std::lock_guard lock(mutex_);
  stats_.bytes_in_use -= class_units(block->size_class) * kUnit;
  block->next = std::exchange(unused_[static_cast<std::size_t>(block->size_class)], block);
}

Pool::Stats Pool::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void Pool::forget_peak() {
  const std::lock_guard lock(mutex_);
  stats_.peak_bytes_in_use = stats_.bytes_in_use;
}

void Pool::trim() {
  const std::lock_guard lock(mutex_);
  for (Block*& shelf : unused_) {
    while (shelf) {
      Block* block = std::exchange(shelf, shelf->next);
      stats_.system_bytes -= class_units(block->size_class) * kUnit;
      std::free(block);
    }
  }
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
    bytes = (bytes + kUnit - 1) / kUnit * kUnit;
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
