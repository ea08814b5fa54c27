// The memory behind the MemoryPool: one range of addresses, reserved once, of which more is used as more is needed.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace temper {

// Blocks lie side by side, each behind a header with its size and that of the block before it. A freed block merges with its free
// neighbours, so that many small blocks can serve a large request later: memory that backward frees in the deep layers of a network holds
// the gradients of the first ones. A request takes the smallest free block that is large enough, split if need be, or else memory from the
// unused end of the range. Not thread-safe. Equal sequences of calls return equal addresses relative to the start.
class Heap {
 public:
  static constexpr std::size_t kUnit = 64;  // sizes are multiples of it, and blocks are aligned to it

  struct alignas(kUnit) Block {  // the data follow it
    std::atomic<int> references;
    bool free;
    std::uint64_t units;           // of the whole block, this header included
    std::uint64_t units_before;    // of the block before it; 0: it is the first
    Block *next_free, *prev_free;  // in the list of its size
    std::uint64_t absent_units;    // of a free block: given back to the system
    std::size_t bytes() const { return (units - 1) * kUnit; }
  };

  Heap();
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  Block* take(std::size_t bytes);  // null: the system has no more
  void give_back(Block* block);
  void trim();  // gives the pages of all free blocks back to the system

  std::size_t held() const { return (touched_ - begin_) - absent_units_ * kUnit; }  // bytes from the system, used or free
  std::size_t extensions() const { return extensions_; }                            // how often the used range was extended

 private:
  static constexpr int kSizes = 512;
  Block* find(std::uint64_t units);
  Block* carve(std::uint64_t units);
  void split(Block* block, std::uint64_t units);
  void enlist(Block* block);
  void delist(Block* block);
  std::size_t offset(const void* place) const { return static_cast<std::size_t>(static_cast<const char*>(place) - begin_); }
  Block* after(Block* block) const;   // null: the last
  Block* before(Block* block) const;  // null: the first

  char *begin_, *end_;     // the reserved range
  char* usable_;           // [begin_, usable_) may be touched
  char *top_, *touched_;   // the blocks end here; the highest that top_ was since the last trim
  Block* last_ = nullptr;  // the block that ends at top_
  std::uint64_t absent_units_ = 0;
  std::size_t extensions_ = 0;
  std::array<Block*, kSizes> free_{};
  std::array<std::uint64_t, kSizes / 64> occupied_{};  // a bit for each list that is not empty
};

}  // namespace temper
