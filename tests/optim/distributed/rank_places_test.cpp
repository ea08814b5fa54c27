#include "optim/distributed/rank_places.h"

#include <doctest/doctest.h>

namespace temper::optim {
namespace {

TEST_CASE("rank places: cores are written as ranges") {
  CHECK(core_ranges({}).empty());
  CHECK(core_ranges({3}) == "3");
  CHECK(core_ranges({0, 1, 2, 5, 7, 8}) == "0-2,5,7-8");
}

TEST_CASE("rank places: a process may run somewhere, and knows where") {
  SingleProcess single_process;
  const std::vector<RankPlace> places = rank_places(single_process);
  REQUIRE(places.size() == 1);
  CHECK_FALSE(places[0].cores.empty());
  CHECK(places[0].threads >= 1);
}

TEST_CASE("rank places: shared cores and too many threads are warned of, host by host") {
  CHECK(overlaps({{.host = "a", .cores = {0, 1}, .threads = 2}, {.host = "a", .cores = {2, 3}, .threads = 2}}).empty());
  CHECK(overlaps({{.host = "a", .cores = {0, 1}, .threads = 2}, {.host = "b", .cores = {0, 1}, .threads = 2}}).empty());

  const auto shared = overlaps({{.host = "a", .cores = {0, 1, 2, 3}, .threads = 2}, {.host = "a", .cores = {0, 1, 2, 3}, .threads = 2}});
  REQUIRE(shared.size() == 1);
  CHECK(shared[0].find("a: several ranks may run on cores 0-3; ") == 0);
  CHECK(shared[0].find("PE=2") != std::string::npos);

  const auto crowded = overlaps({{.host = "a", .cores = {0}, .threads = 1}, {.host = "a", .cores = {0}, .threads = 1}});
  REQUIRE(crowded.size() == 1);
  CHECK(crowded[0].find("2 threads of 2 ranks on 1 cores") != std::string::npos);
}

}  // namespace
}  // namespace temper::optim
