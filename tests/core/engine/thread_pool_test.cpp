#include "core/engine/thread_pool.h"

#include <doctest/doctest.h>

#include <chrono>
#include <set>

namespace temper {
namespace {

TEST_CASE("team: every chunk once, whether workers are awake, asleep or late") {
  ThreadPool pool(4);
  CHECK(pool.size() == 4);
  std::vector<std::atomic<int>> visits(50);
  for (int loop = 0; loop < 2000; ++loop) {
    const Index chunks = loop % 50;
    for (auto& visit : visits) visit = 0;
    pool.run(chunks, [&](Index chunk) { ++visits[static_cast<std::size_t>(chunk)]; });
    for (Index i = 0; i < 50; ++i) REQUIRE(visits[static_cast<std::size_t>(i)] == (i < chunks ? 1 : 0));
    if (loop % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST_CASE("team: loops of several threads at once, and loops within loops, are all done") {
  ThreadPool pool(3);
  std::atomic<int> visits{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int loop = 0; loop < 300; ++loop) {
        pool.run(7, [&](Index) { pool.run(3, [&](Index) { ++visits; }); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(visits == 4 * 300 * 7 * 3);
}

TEST_CASE("team: the first exception stops the loop and reaches the caller; the team goes on") {
  ThreadPool pool(3);
  for (int loop = 0; loop < 100; ++loop) {
    std::atomic<int> visits{0};
    CHECK_THROWS_WITH_AS(pool.run(1000,
                                  [&](Index chunk) {
                                    if (chunk == loop) throw Error("chunk");
                                    ++visits;
                                  }),
                         "chunk", Error);
    CHECK(visits < 1000);
  }
  std::atomic<int> visits{0};
  pool.run(10, [&](Index) { ++visits; });
  CHECK(visits == 10);
}

TEST_CASE("team: it ends at any moment, its workers awake, asleep or on their way") {
  for (int i = 0; i < 3000; ++i) {
    ThreadPool pool(1 + i % 4);
    for (int loop = 0; loop < i % 3; ++loop) pool.run(8, [](Index) {});
  }
}

TEST_CASE("team: the caller does not wait for workers that have not joined") {
  ThreadPool pool(64);  // most of them have not even begun when the loop is over
  for (int loop = 0; loop < 20; ++loop) pool.run(1, [](Index) {});
  std::set<std::thread::id> seen;
  pool.run(1, [&](Index) { seen.insert(std::this_thread::get_id()); });
  CHECK(seen.size() == 1);
}

}  // namespace
}  // namespace temper
