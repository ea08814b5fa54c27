#include "core/engine/heap.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "core/base/random.h"

namespace temper {
namespace {

using Block = Heap::Block;

unsigned char* data(Block* block) { return reinterpret_cast<unsigned char*>(block + 1); }

TEST_CASE("heap: neighbours that are free serve a larger request in their place") {
  Heap heap;
  std::vector<Block*> small;
  for (int i = 0; i < 8; ++i) small.push_back(heap.take(1 << 20));
  Block* const fence = heap.take(64);
  const std::size_t held = heap.held();
  for (const int i : {1, 3, 2, 5, 0, 7, 6, 4})
    heap.give_back(small[static_cast<std::size_t>(i)]);  // neighbours above, below and on both sides
  Block* const large = heap.take(8 << 20);
  CHECK(large == small[0]);
  CHECK(heap.held() == held);
  heap.give_back(fence);
  heap.give_back(large);
  CHECK(heap.take(16 << 20) == small[0]);  // the free end of the range grows
}

TEST_CASE("heap: the smallest block that holds a request is taken, and what it has more stays free") {
  Heap heap;
  std::vector<Block*> blocks, fences;
  for (const std::size_t size : {9000, 3000, 5000, 70000}) {
    blocks.push_back(heap.take(size));
    fences.push_back(heap.take(64));
  }
  for (Block* block : blocks) heap.give_back(block);
  CHECK(heap.take(4000) == blocks[2]);
  CHECK(heap.take(2900) == blocks[1]);
  Block* const part = heap.take(4500);
  CHECK(part == blocks[0]);
  Block* const rest = heap.take(4000);
  CHECK(rest > part);
  CHECK(rest < fences[0]);
}

TEST_CASE("heap: a rest of two units, a header and its least data, is kept free, and of one it stays with the block") {
  for (const std::size_t unit_count : {3, 5, 40}) {
    CAPTURE(unit_count);
    Heap heap;
    Block* const whole = heap.take(unit_count * Heap::kUnit);  // and a header
    heap.take(1);                                              // a fence
    heap.give_back(whole);
    REQUIRE(heap.take((unit_count - 2) * Heap::kUnit) == whole);
    CHECK(whole->units == unit_count - 1);
    CHECK(heap.take(1) == whole + (unit_count - 1));
  }
  Heap heap;
  Block* const whole = heap.take(5 * Heap::kUnit);
  heap.take(1);
  heap.give_back(whole);
  REQUIRE(heap.take(4 * Heap::kUnit) == whole);
  CHECK(whole->units == 6);
}

TEST_CASE("heap: equal calls give equal places, and a loop asks the system once") {
  Heap heap;
  const Random random(3, {});
  std::vector<std::vector<Block*>> rounds;
  std::size_t extensions = 0, held = 0;
  for (int round = 0; round < 5; ++round) {
    std::vector<Block*> places;
    for (std::uint64_t i = 0; i < 300; ++i) places.push_back(heap.take(random.below(i, 1u << (6 + i % 16))));
    for (std::size_t i = 0; i < places.size(); i += 2) heap.give_back(places[i]);
    for (std::size_t i = 1; i < places.size(); i += 2) heap.give_back(places[i]);
    rounds.push_back(places);
    if (round == 0) extensions = heap.extensions(), held = heap.held();
  }
  for (const auto& places : rounds) CHECK(places == rounds[0]);
  CHECK(heap.extensions() == extensions);
  CHECK(heap.held() == held);
}

// Any order of requests: no two blocks share a byte, and every byte keeps its value.
TEST_CASE("heap: blocks are aligned and apart, whatever the order") {
  Heap heap;
  const Random random(4, {});
  std::map<Block*, std::pair<std::size_t, unsigned char>> held;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    if (random.below(3 * i, 100) < 52) {
      const std::size_t bytes = 1 + random.below(3 * i + 1, 1u << (random.below(3 * i + 2, 17)));
      Block* const block = heap.take(bytes);
      REQUIRE(block);
      REQUIRE(reinterpret_cast<std::uintptr_t>(data(block)) % Heap::kUnit == 0);
      REQUIRE(block->bytes() >= bytes);
      REQUIRE(!held.contains(block));
      std::memset(data(block), static_cast<int>(i & 255), block->bytes());
      held[block] = {block->bytes(), static_cast<unsigned char>(i & 255)};
    } else if (!held.empty()) {
      auto at = held.begin();
      std::advance(at, random.below(3 * i + 1, static_cast<std::uint32_t>(held.size())));
      const auto [bytes, value] = at->second;
      REQUIRE(std::count(data(at->first), data(at->first) + bytes, value) == static_cast<std::ptrdiff_t>(bytes));
      heap.give_back(at->first);
      held.erase(at);
    }
    if (i % 5000 == 4999) heap.trim();
  }
  for (const auto& [block, content] : held) {
    CHECK(std::count(data(block), data(block) + content.first, content.second) == static_cast<std::ptrdiff_t>(content.first));
    heap.give_back(block);
  }
  heap.trim();
  CHECK(heap.held() == 0);
}

TEST_CASE("heap: what cannot be had is refused, and the heap goes on") {
  Heap heap;
  CHECK(heap.take(std::size_t{1} << 60) == nullptr);
  Block* const block = heap.take(1000);
  REQUIRE(block);
  std::memset(data(block), 1, 1000);
}

}  // namespace
}  // namespace temper
