#include "core/engine/buffer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "core/base/random.h"

namespace temper {
namespace {

TEST_CASE("pool: the peak is what was in use at most, until it is forgotten") {
  MemoryPool& pool = MemoryPool::shared();
  const std::size_t before = pool.stats().bytes_in_use;
  { const Buffer large(1 << 20); }
  CHECK(pool.stats().peak_bytes_in_use >= before + (1 << 20));
  pool.forget_peak();
  CHECK(pool.stats().peak_bytes_in_use == pool.stats().bytes_in_use);
}

TEST_CASE("buffer: blocks are aligned, writable to their last byte, and apart") {
  const Random random(1, {});
  std::vector<std::pair<Buffer, std::size_t>> held;
  for (std::uint64_t i = 0; i < 400; ++i) {
    const std::size_t bytes = random.below(i, 1u << (i % 20)) + 1u;
    held.emplace_back(Buffer(bytes), bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(held.back().first.data()) % 64 == 0);
    std::memset(held.back().first.data(), static_cast<int>(i & 0xFF), bytes);
  }
  for (std::size_t i = 0; i < held.size(); ++i) {
    const auto* bytes = static_cast<unsigned char*>(held[i].first.data());
    for (std::size_t b = 0; b < held[i].second; ++b) REQUIRE(bytes[b] == (i & 0xFF));
  }
}

TEST_CASE("buffer: a loop that repeats its requests asks the system once") {
  const auto round = [] {
    std::vector<Buffer> held;
    for (std::size_t bytes = 1; bytes < 3'000'000; bytes = bytes * 5 / 3 + 1) held.emplace_back(bytes);
  };
  round();
  const auto before = MemoryPool::shared().stats();
  for (int i = 0; i < 10; ++i) round();
  CHECK(MemoryPool::shared().stats().system_requests == before.system_requests);
  CHECK(MemoryPool::shared().stats().bytes_in_use == before.bytes_in_use);
}

TEST_CASE("buffer: little of a block is lost, and trim gives unused ones back") {
  for (std::size_t bytes : {std::size_t{1}, std::size_t{1'000'000}, std::size_t{1'100'000}, (std::size_t{1} << 20) + 1}) {
    const auto before = MemoryPool::shared().stats().bytes_in_use;
    const Buffer buffer(bytes);
    CHECK(MemoryPool::shared().stats().bytes_in_use - before <= bytes + 192);
  }
  { const Buffer large(std::size_t{1} << 26); }
  const auto held = MemoryPool::shared().stats();
  MemoryPool::shared().trim();
  const auto trimmed = MemoryPool::shared().stats();
  CHECK(trimmed.system_bytes + (std::size_t{1} << 25) < held.system_bytes);
  CHECK(trimmed.system_bytes >= trimmed.bytes_in_use);
}

TEST_CASE("buffer: unique knows whether another handle shares the memory") {
  Buffer a(100);
  CHECK(a.unique());
  {
    const Buffer b = a;  // NOLINT(performance-unnecessary-copy-initialization)
    CHECK_FALSE(a.unique());
    CHECK(b.data() == a.data());
  }
  CHECK(a.unique());
  const Buffer c = std::move(a);
  CHECK(c.unique());
  CHECK_FALSE(Buffer().unique());
}

TEST_CASE("buffer: handles pass between threads") {
  std::vector<std::thread> team;
  const Buffer shared(64);
  for (int t = 0; t < 4; ++t) {
    team.emplace_back([&shared] {
      for (int i = 0; i < 2000; ++i) {
        const Buffer copy = shared;  // NOLINT(performance-unnecessary-copy-initialization)
        const Buffer mine(static_cast<std::size_t>(1 + i % 300));
        static_cast<char*>(mine.data())[0] = 1;
      }
    });
  }
  for (std::thread& member : team) member.join();
  CHECK(shared.unique());
}

TEST_CASE("buffer: poison fills memory with NaN") {
  MemoryPool::shared().poison(true);
  const Buffer buffer(40);
  MemoryPool::shared().poison(false);
  for (int i = 0; i < 10; ++i) CHECK(std::isnan(static_cast<float*>(buffer.data())[i]));
}

TEST_CASE("workspace: nested scopes hand out memory of their own and give it back") {
  Workspace outer;
  auto* a = outer.take<float>(1000);
  std::fill_n(a, 1000, 1.0f);
  float* first = nullptr;
  for (int i = 0; i < 3; ++i) {
    Workspace inner;
    auto* b = inner.take<float>(5'000'000);  // more than a chunk
    b[0] = b[4'999'999] = 2;
    if (i == 1) first = b;
    if (i == 2) CHECK(b == first);
  }
  for (int i = 0; i < 1000; ++i) REQUIRE(a[i] == 1);
}

TEST_CASE("workspace: a request that does not fit behind the last one gets a chunk that holds it") {
  std::thread fresh([] {  // with a stack of its own, which is empty
    const auto bytes = [] { return MemoryPool::shared().stats().bytes_in_use; };
    const std::size_t before = bytes();
    Workspace workspace;
    static_cast<void>(workspace.take<float>(1000));
    const std::size_t first = bytes();
    CHECK(first > before);
    static_cast<void>(workspace.take<float>(1000));
    CHECK(bytes() == first);
    auto* large = workspace.take<float>(5'000'000);
    CHECK(bytes() >= first + 20'000'000);
    std::fill_n(large, 5'000'000, 1.0f);
  });
  fresh.join();
}

}  // namespace
}  // namespace temper
