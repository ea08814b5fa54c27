#include "core/engine/heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>

namespace temper {
namespace {

constexpr std::size_t kReserved = std::size_t{1} << 42, kLeastReserved = std::size_t{1} << 26;  // 4 TiB of addresses; what a limit leaves
constexpr std::size_t kExtension = std::size_t{1} << 26;
constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kLeastRest = 2;  // units: a smaller rest of a block that is split stays with it

// The list of a free block: one for each size up to 15 units, then eight even steps to every doubling.
int list_index(std::uint64_t units) {
  if (units < 16) return static_cast<int>(units);
  const int shift = static_cast<int>(std::bit_width(units)) - 4;  // units >> shift is in 8..15
  return static_cast<int>(units >> shift) + 8 * shift;
}

std::size_t round_up(std::size_t bytes, std::size_t step) { return (bytes + step - 1) / step * step; }

}  // namespace

Heap::Heap() {
  void* range = MAP_FAILED;
  std::size_t size = kReserved;
  for (; size >= kLeastReserved; size /= 2) {
    range = ::mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range != MAP_FAILED) break;
  }
  begin_ = range == MAP_FAILED ? nullptr : static_cast<char*>(range);
  end_ = begin_ ? begin_ + size : nullptr;
  usable_ = top_ = touched_ = begin_;
}

Heap::Block* Heap::take(std::size_t bytes) {
  if (bytes > static_cast<std::size_t>(end_ - begin_)) return nullptr;
  const std::uint64_t units = 1 + std::max<std::uint64_t>(1, round_up(bytes, kUnit) / kUnit);
  Block* block = find(units);
  if (block) {
    delist(block);
    absent_units_ -= block->absent_units;
    split(block, units);
  } else {
    block = carve(units);
    if (!block) return nullptr;
  }
  block->free = false;
  return block;
}

// The smallest of the lists that holds one; in the list of its own size, whose blocks may be smaller, the first that is large enough.
Heap::Block* Heap::find(std::uint64_t units) {
  const int own = list_index(units);
  for (Block* block = free_[static_cast<std::size_t>(own)]; block; block = block->next_free) {
    if (block->units >= units) return block;
  }
  for (std::size_t word = static_cast<std::size_t>(own + 1) / 64; word < occupied_.size(); ++word) {
    const std::uint64_t from = word == static_cast<std::size_t>(own + 1) / 64 ? ~std::uint64_t{0} << ((own + 1) % 64) : ~std::uint64_t{0};
    const std::uint64_t lists = occupied_[word] & from;
    if (lists) return free_[word * 64 + static_cast<std::size_t>(std::countr_zero(lists))];
  }
  return nullptr;
}

// A new block from the end of the range.
Heap::Block* Heap::carve(std::uint64_t units) {
  if (units > static_cast<std::uint64_t>(end_ - top_) / kUnit) return nullptr;
  char* const top = top_ + units * kUnit;
  if (top > usable_) {
    const auto more = [&](std::size_t bytes) {
      const std::size_t size = std::min<std::size_t>(bytes, static_cast<std::size_t>(end_ - usable_));
      if (::mprotect(usable_, size, PROT_READ | PROT_WRITE) != 0) return false;
      usable_ += size;
      ++extensions_;
      return true;
    };
    const std::size_t needed = round_up(static_cast<std::size_t>(top - usable_), kPage);
    if (!more(std::max(needed, kExtension)) && !more(needed)) return nullptr;
  }
  Block* const block = new (top_) Block{.references = 0,
                                        .free = false,
                                        .units = units,
                                        .units_before = last_ ? last_->units : 0,
                                        .next_free = nullptr,
                                        .prev_free = nullptr,
                                        .absent_units = 0};
  last_ = block;
  top_ = top;
  touched_ = std::max(touched_, top_);
  return block;
}

// Cuts what a block has more than `units` off, as a free block.
void Heap::split(Block* block, std::uint64_t units) {
  block->absent_units = 0;
  if (block->units < units + kLeastRest) return;
  Block* const rest = new (reinterpret_cast<char*>(block) + units * kUnit) Block{.references = 0,
                                                                                 .free = true,
                                                                                 .units = block->units - units,
                                                                                 .units_before = units,
                                                                                 .next_free = nullptr,
                                                                                 .prev_free = nullptr,
                                                                                 .absent_units = 0};
  if (Block* const next = after(block)) next->units_before = rest->units;
  if (last_ == block) last_ = rest;
  block->units = units;
  enlist(rest);
}

void Heap::give_back(Block* block) {
  block->free = true;
  block->absent_units = 0;
  if (Block* const next = after(block); next && next->free) {
    delist(next);
    block->units += next->units;
    block->absent_units += next->absent_units;
    if (last_ == next) last_ = block;
  }
  if (Block* const previous = before(block); previous && previous->free) {
    delist(previous);
    previous->units += block->units;
    previous->absent_units += block->absent_units;
    if (last_ == block) last_ = previous;
    block = previous;
  }
  if (last_ == block) {  // it becomes the end of the range
    top_ = reinterpret_cast<char*>(block);
    last_ = before(block);
    absent_units_ -= block->absent_units;
    return;
  }
  if (Block* const next = after(block)) next->units_before = block->units;
  enlist(block);
}

void Heap::trim() {
  // The whole pages of [from, to), as offsets into the range.
  const auto release = [this](std::size_t from, std::size_t to) -> std::size_t {
    from = round_up(from, kPage);
    to = to / kPage * kPage;
    if (from >= to) return 0;
    ::madvise(begin_ + from, to - from, MADV_DONTNEED);
    return to - from;
  };
  for (Block* list : free_) {
    for (Block* block = list; block; block = block->next_free) {
      const std::size_t data = offset(block + 1);
      absent_units_ -= block->absent_units;
      block->absent_units = release(data, data + block->bytes()) / kUnit;
      absent_units_ += block->absent_units;
    }
  }
  release(offset(top_), round_up(offset(touched_), kPage));
  touched_ = top_;
}

void Heap::enlist(Block* block) {
  const auto list = static_cast<std::size_t>(list_index(block->units));
  block->prev_free = nullptr;
  block->next_free = free_[list];
  if (block->next_free) block->next_free->prev_free = block;
  free_[list] = block;
  occupied_[list / 64] |= std::uint64_t{1} << (list % 64);
}

void Heap::delist(Block* block) {
  const auto list = static_cast<std::size_t>(list_index(block->units));
  (block->prev_free ? block->prev_free->next_free : free_[list]) = block->next_free;
  if (block->next_free) block->next_free->prev_free = block->prev_free;
  if (!free_[list]) occupied_[list / 64] &= ~(std::uint64_t{1} << (list % 64));
}

Heap::Block* Heap::after(Block* block) const {
  return block == last_ ? nullptr : reinterpret_cast<Block*>(reinterpret_cast<char*>(block) + block->units * kUnit);
}

Heap::Block* Heap::before(Block* block) const {
  return block->units_before == 0 ? nullptr : reinterpret_cast<Block*>(reinterpret_cast<char*>(block) - block->units_before * kUnit);
}

}  // namespace temper
