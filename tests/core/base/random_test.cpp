#include "core/base/random.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <set>

namespace temper {
namespace {

TEST_CASE("random: every draw is a pure function of seed, stream and number") {
  const Random a(1, {2, 3}), b(1, {2, 3});
  CHECK(a.block(5) == b.block(5));
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (std::uint64_t first = 0; first < 8; ++first) {
      for (std::uint64_t second = 0; second < 8; ++second) {
        for (std::uint64_t i = 0; i < 8; ++i) seen.insert(Random(seed, {first, second}).bits(i));
      }
    }
  }
  CHECK(seen.size() == 8 * 8 * 8 * 8);
  CHECK(Random(0, {0}).bits(0) != Random(0, {0, 0}).bits(0));
}

// The ten rounds against an independent writing of the paper's algorithm with its published answer for counter 0, key 0 (Random123's
// kat_vectors).
TEST_CASE("random: Philox4x32-10 gives the published words") {
  const Random zero(0, {});
  CHECK(zero.block(0) == Random::Block{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
}

TEST_CASE("random: uniform, below and normal have the moments they should") {
  constexpr int kDraws = 200'000;
  const Random random(42, {7});
  double mean = 0, square = 0, normal_mean = 0, normal_square = 0, normal_fourth = 0;
  std::array<int, 6> counts{};
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const double u = random.uniform(i);
    REQUIRE(u >= 0);
    REQUIRE(u < 1);
    mean += u / kDraws;
    square += u * u / kDraws;
    ++counts[random.below(i, 6)];
    const double z = random.normal(i);
    normal_mean += z / kDraws;
    normal_square += z * z / kDraws;
    normal_fourth += z * z * z * z / kDraws;
  }
  CHECK(mean == doctest::Approx(0.5).epsilon(0.005));
  CHECK(square == doctest::Approx(1.0 / 3).epsilon(0.01));
  CHECK(std::fabs(normal_mean) < 0.01);
  CHECK(normal_square == doctest::Approx(1).epsilon(0.02));
  CHECK(normal_fourth == doctest::Approx(3).epsilon(0.05));
  for (const int count : counts) CHECK(count == doctest::Approx(kDraws / 6.0).epsilon(0.03));
}

}  // namespace
}  // namespace temper
