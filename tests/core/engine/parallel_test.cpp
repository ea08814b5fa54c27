#include "core/engine/parallel.h"

#include <doctest/doctest.h>

#include <atomic>
#include <bit>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "core/engine/denormals.h"
#include "tests/restored.h"

namespace temper {
namespace {

TEST_CASE("parallel: every index once, in chunks that depend on the size alone") {
  const ThreadsRestored restored;
  for (const int count : {1, 2, 3, 8}) {
    set_threads(count);
    CHECK(threads() == count);
    for (const Index size : {0, 1, 7, 64, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(size));
      std::mutex mutex;
      std::set<std::pair<Index, Index>> chunks;
      parallel_for(size, 7, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
        const std::lock_guard lock(mutex);
        chunks.emplace(begin, end);
      });
      for (const auto& visit : visits) CHECK(visit == 1);
      CHECK(static_cast<Index>(chunks.size()) == (size + 6) / 7);
      for (const auto& [begin, end] : chunks) CHECK((begin % 7 == 0 && end == std::min(begin + 7, size)));
    }
  }
}

// Case 38: the sum of {1e8, 1, -1e8, 1} in float32 is 1 in order and 0 in two halves: only a fixed order gives one answer.
TEST_CASE("parallel: a reduction has the same bits for 1, 2, 3 and 8 threads") {
  const ThreadsRestored restored;
  std::vector<float> values;
  for (int i = 0; i < 25'000; ++i) values.insert(values.end(), {1e8f, 1, -1e8f, 1.0f / static_cast<float>(i + 1)});
  const auto sum = [&] {
    return parallel_reduce(
        static_cast<Index>(values.size()), 333, 0.0f,
        [&](Index begin, Index end) {
          float part = 0;
          for (Index i = begin; i < end; ++i) part += values[static_cast<std::size_t>(i)];
          return part;
        },
        [](float a, float b) { return a + b; });
  };
  set_threads(1);
  const float one = sum();
  for (const int count : {2, 3, 8}) {
    set_threads(count);
    for (int repeat = 0; repeat < 20; ++repeat) {
      const float many = sum();
      CHECK(std::bit_cast<std::uint32_t>(one) == std::bit_cast<std::uint32_t>(many));
    }
  }
}

TEST_CASE("parallel: an exception reaches the caller, and loops nest") {
  CHECK_THROWS_WITH_AS(parallel_for(100, 1,
                                    [](Index begin, Index) {
                                      if (begin == 57) throw Error("chunk 57");
                                    }),
                       "chunk 57", Error);
  std::atomic<int> visits{0};
  parallel_for(20, 1, [&](Index, Index) { parallel_for(30, 1, [&](Index, Index) { ++visits; }); });
  CHECK(visits == 600);
}

TEST_CASE("parallel: no more threads than asked for, and different ones are refused") {
  const ThreadsRestored restored;
  for (const int count : {1, 2, 4}) {
    set_threads(count);
    std::mutex mutex;
    std::set<std::thread::id> seen;
    parallel_for(400, 1, [&](Index, Index) {
      std::this_thread::yield();
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
    CHECK(static_cast<int>(seen.size()) <= count);
  }
  CHECK_THROWS_AS(set_threads(0), Error);
  CHECK_THROWS_AS(set_threads(-3), Error);
  CHECK_THROWS_AS(set_threads(100'000), Error);
}

TEST_CASE("parallel: chunks know their number, their bounds and each other") {
  const Chunks some(23, 5);
  CHECK(some.count() == 23);
  CHECK(some.number() == 5);
  for (Index chunk = 0; chunk < 5; ++chunk) {
    CHECK(some.begin(chunk) == 5 * chunk);
    CHECK(some.end(chunk) == (chunk < 4 ? 5 * chunk + 5 : 23));
    CHECK(some.index_of(5 * chunk) == chunk);
  }
  CHECK(Chunks(25, 5).number() == 5);
  CHECK(Chunks(26, 5).number() == 6);
  CHECK(Chunks(0, 5).number() == 0);
  CHECK(Chunks(-1, 5).number() == 0);
  CHECK_THROWS_AS(Chunks(3, 0), Error);
  CHECK_THROWS_AS(Chunks(3, 6, 4), Error);
}

TEST_CASE("parallel: a forced grain cuts finer, never coarser, at the multiples that a loop asks for, and counts what it cut") {
  const ForcedGrain usual(Index{1} << 40);  // also where the tests run with another
  CHECK(Chunks(100, 50).number() == 2);
  {
    const ForcedGrain forced(7);
    CHECK(Chunks(100, 50).number() == 15);
    CHECK(Chunks(100, 5).number() == 20);
    CHECK(Chunks(100, 48, 4).number() == 13);  // of 8
    CHECK(Chunks(100, 4, 4).number() == 25);
    {
      const ForcedGrain inner(3);
      CHECK(Chunks(100, 50).number() == 34);
      parallel_for(4, 2, [](Index, Index) {});
      CHECK(inner.counts().loops == 1);
    }
    CHECK(Chunks(100, 50).number() == 15);
    CHECK(forced.counts().loops == 0);
    std::atomic<Index> visited{0};
    for (const Index count : {0, 1, 7, 14, 15, 23}) parallel_for(count, 1000, [&](Index begin, Index end) { visited += end - begin; });
    CHECK(visited == 60);
    CHECK(forced.counts().loops == 5);
    CHECK(forced.counts().cut == 3);
    CHECK(forced.counts().most_ragged == 4);
    const Index sum = parallel_reduce(
        1000, 1000, Index{0}, [](Index begin, Index end) { return (end - begin) * (begin + end - 1) / 2; },
        [](Index a, Index b) { return a + b; });
    CHECK(sum == 499'500);
  }
  CHECK(Chunks(100, 50).number() == 2);
  CHECK_THROWS_AS(ForcedGrain(0), Error);
}

TEST_CASE("parallel: a reduction joins its parts from the first to the last, in which order may matter") {
  struct Line {  // x -> slope x + offset, modulo a prime; one after the other is no other one before
    Index slope = 1, offset = 0;
  };
  constexpr Index kPrime = 1'000'003;
  const auto after = [](const Line& first, const Line& then) {
    return Line{first.slope * then.slope % kPrime, (first.offset * then.slope + then.offset) % kPrime};
  };
  const auto lines = [&](Index begin, Index end) {
    Line all;
    for (Index i = begin; i < end; ++i) all = after(all, {2 * i + 3, i});
    return all;
  };
  const Line whole = lines(0, 1000), parts = parallel_reduce(1000, 7, Line{5, 1}, lines, after);
  CHECK(parts.slope == after({5, 1}, whole).slope);
  CHECK(parts.offset == after({5, 1}, whole).offset);
}

// Case S8.
TEST_CASE("parallel: denormals are flushed in every chunk and the host's mode comes back") {
  volatile float tiny = 1e-39f;
  CHECK(tiny * 1.0f != 0.0f);
  std::atomic<int> nonzero{0};
  parallel_for(64, 1, [&](Index, Index) { nonzero += tiny * 1.0f != 0.0f; });
  CHECK(nonzero == 0);
  CHECK(tiny * 1.0f != 0.0f);
}

}  // namespace
}  // namespace temper
