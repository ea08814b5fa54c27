// Memory. The engine allocates from a pool that keeps freed memory for later requests, so a training loop asks the system for memory in
// its first step only.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <type_traits>
#include <utility>

#include "core/base/shape.h"
#include "core/engine/heap.h"

namespace temper {

// The memory of all tensors of the process, and the scratch memory of its threads; core/engine/heap.h describes its layout. Freed memory
// stays here for the next request. Thread-safe.
class MemoryPool {
 public:
  struct Stats {
    std::size_t system_bytes = 0;     // held from the system, in use or not
    std::size_t system_requests = 0;  // number of requests to the system since the start
    std::size_t bytes_in_use = 0;
    std::size_t peak_bytes_in_use = 0;
  };

  static MemoryPool& shared();  // the process's pool; lives until the process ends

  Stats stats() const;
  void forget_peak();  // peak_bytes_in_use counts from now on
  void trim();         // gives unused memory back to the system
  // For tests: fills fresh and reused memory with NaN, so that values that a kernel forgets to write show up.
  void poison(bool on) { poison_.store(on, std::memory_order_relaxed); }

 private:
  friend class Buffer;
  Heap::Block* take(std::size_t bytes);
  void give_back(Heap::Block* block);

  mutable std::mutex mutex_;
  Heap heap_;
  std::size_t bytes_in_use_ = 0, peak_bytes_in_use_ = 0;
  std::atomic<bool> poison_{false};
};

// A reference-counted handle to a block of the pool, 64-byte aligned, uninitialised. Copies share the memory.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t bytes) : block_(MemoryPool::shared().take(bytes)) {}
  Buffer(const Buffer& other) : block_(other.block_) {
    if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Buffer(Buffer&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Buffer() {
    if (block_ && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) MemoryPool::shared().give_back(block_);
  }

  void* data() const { return block_ ? block_ + 1 : nullptr; }
  // Returns true iff no other handle shares the memory, so that its content may be overwritten.
  bool unique() const { return block_ && block_->references.load(std::memory_order_acquire) == 1; }
  explicit operator bool() const { return block_ != nullptr; }

 private:
  Heap::Block* block_ = nullptr;
};

// Scratch memory of a kernel: a stack for each thread. Memory taken from a Workspace is valid until the Workspace goes out of scope;
// Workspaces nest.
class Workspace {
 public:
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  // `count` elements, 64-byte aligned, uninitialised.
  template <class T = float> T* take(Index count) {
    static_assert(std::is_trivially_destructible_v<T>);
    return static_cast<T*>(take_bytes(static_cast<std::size_t>(count) * sizeof(T)));
  }

 private:
  void* take_bytes(std::size_t bytes);

  std::size_t chunk_, offset_;  // the top of the thread's stack when this one began
};

}  // namespace temper
