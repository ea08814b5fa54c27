#include "data/prefetcher.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace temper::data {
namespace {

using Numbers = Prefetcher<Index>;

std::vector<Index> rest(Numbers& numbers) {
  std::vector<Index> seen;
  while (const Index* i = numbers.next()) seen.push_back(*i);
  return seen;
}

}  // namespace

TEST_CASE("data: the prefetcher gives its items in order, run after run") {
  Numbers squares([](Index i, Index& item) { item = i * i; });
  CHECK(squares.next() == nullptr);
  squares.start(0, 5);
  CHECK(rest(squares) == std::vector<Index>{0, 1, 4, 9, 16});
  CHECK(squares.next() == nullptr);
  squares.start(3, 5);
  CHECK(rest(squares) == std::vector<Index>{9, 16});
  squares.start(2, 2);
  CHECK(rest(squares).empty());
  squares.start(0, 1);
  CHECK(rest(squares) == std::vector<Index>{0});
}

TEST_CASE("data: an item stays as it is until the next is asked for") {
  Numbers numbers([](Index i, Index& item) { item = i; });
  numbers.start(0, 2000);
  for (Index i = 0; i < 2000; ++i) {
    const Index* item = numbers.next();
    REQUIRE(item != nullptr);
    for (int look = 0; look < 50; ++look) REQUIRE(*item == i);
  }
  CHECK(numbers.next() == nullptr);
}

TEST_CASE("data: the prefetcher works ahead, but no further than its ring") {
  std::atomic<Index> made = 0;
  Numbers numbers([&](Index, Index&) { ++made; });
  numbers.start(0, 100);
  numbers.next();
  while (made < 3) std::this_thread::yield();  // the one in use and two ahead
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(made == 3);
}

TEST_CASE("data: an exception of the prefetcher comes where its item would") {
  Numbers numbers([](Index i, Index& item) {
    if (i == 4) throw std::runtime_error("item 4");
    item = i;
  });
  for (int run = 0; run < 3; ++run) {
    numbers.start(0, 10);
    for (Index i = 0; i < 4; ++i) REQUIRE(*numbers.next() == i);
    CHECK_THROWS_WITH_AS(numbers.next(), "item 4", std::runtime_error);
    CHECK(numbers.next() == nullptr);
  }
  numbers.start(5, 7);
  CHECK(rest(numbers) == std::vector<Index>{5, 6});
  numbers.start(4, 7);  // the error is never fetched
}

TEST_CASE("data: the prefetcher can be stopped and restarted at any time") {
  std::atomic<bool> stopped = false, made_after_stop = false;
  Numbers numbers([&](Index i, Index& item) {
    if (stopped) made_after_stop = true;
    item = i;
  });
  for (Index round = 0; round < 500; ++round) {
    stopped = false;
    numbers.start(0, 50);
    for (Index i = 0; i < round % 7; ++i) REQUIRE(*numbers.next() == i);
    if (round % 3 == 0) continue;  // start() ends the run as well
    numbers.stop();
    stopped = true;
    REQUIRE(numbers.next() == nullptr);
  }
  CHECK_FALSE(made_after_stop);
  for (int round = 0; round < 100; ++round) {  // and destroyed
    Numbers short_lived([](Index i, Index& item) { item = i; });
    short_lived.start(0, 1000);
    if (round % 2) short_lived.next();
  }
}

}  // namespace temper::data
