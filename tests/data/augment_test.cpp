#include "data/augment.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "tests/data/file_folder.h"

using namespace temper;
using namespace temper::tests;
using data::Augment;
using data::Placement;

namespace {

// Byte b of channel c becomes 1000 c + b: what is in the output tells where it came from.
std::vector<float> telling_table(Index channels) {
  std::vector<float> table;
  for (Index c = 0; c < channels; ++c) {
    for (int x = 0; x < 256; ++x) table.push_back(static_cast<float>(1000 * c + x));
  }
  return table;
}

}  // namespace

TEST_CASE("data: a placement is out(y,x) = in(y + dy, x' + dx), black outside") {
  for (const Index channels : {1, 2, 3, 4}) {
    const Shape image{4, 5, channels};
    std::vector<std::uint8_t> pixels;
    for (Index i = 0; i < image.size(); ++i) pixels.push_back(static_cast<std::uint8_t>(i + 1));
    const std::vector<float> table = telling_table(channels);
    for (Index dy = -3; dy <= 3; ++dy) {
      for (Index dx = -3; dx <= 3; ++dx) {
        for (const bool flip : {false, true}) {
          std::vector<float> out(static_cast<std::size_t>(image.size() + 1), -7);
          data::place(pixels, image, Placement{.dy = dy, .dx = dx, .flip = flip}, table, out.data());
          CHECK(out.back() == -7);
          std::size_t i = 0;
          for (Index y = 0; y < 4; ++y) {
            for (Index x = 0; x < 5; ++x) {
              const Index row = y + dy, column = (flip ? 4 - x : x) + dx;
              const bool inside = row >= 0 && row < 4 && column >= 0 && column < 5;
              for (Index c = 0; c < channels; ++c) {
                const int byte = inside ? pixels[static_cast<std::size_t>((row * 5 + column) * channels + c)] : 0;
                REQUIRE(out[i++] == static_cast<float>(1000 * c + byte));
              }
            }
          }
        }
      }
    }
  }
}

TEST_CASE("data: draws are uniform over shifts and flips") {
  const Augment augment = data::crop_flip(4);
  std::map<Index, int> dy, dx;
  int flips = 0;
  constexpr int kSamples = 18'000;
  for (Index sample = 0; sample < kSamples; ++sample) {
    const Placement p = data::draw(augment, 1, 0, sample);
    ++dy[p.dy];
    ++dx[p.dx];
    flips += p.flip;
  }
  const auto near = [](int count, int expected) { return std::abs(count - expected) < 5 * std::sqrt(expected); };
  CHECK(near(flips, kSamples / 2));
  for (const auto& counts : {dy, dx}) {
    CHECK(counts.size() == 9);
    CHECK(counts.begin()->first == -4);
    for (const auto& [shift, count] : counts) CHECK(near(count, kSamples / 9));
  }
}

TEST_CASE("data: case 24, a draw depends on seed, epoch and sample alone") {
  const Augment augment = data::crop_flip(4);
  const auto all = [&](std::uint64_t seed, Index epoch) {
    std::vector<std::tuple<Index, Index, bool>> draws;
    for (Index sample = 0; sample < 64; ++sample) {
      const Placement p = data::draw(augment, seed, epoch, sample);
      draws.emplace_back(p.dy, p.dx, p.flip);
    }
    return draws;
  };
  const auto first = all(1, 0);
  CHECK(all(1, 0) == first);
  CHECK(all(1, 1) != first);
  CHECK(all(2, 0) != first);
  CHECK(std::set(first.begin(), first.end()).size() > 32);  // of 162 values; equal draws for all samples would give 1
}

TEST_CASE("data: no augmentation leaves the image as it is") {
  for (Index sample = 0; sample < 100; ++sample) {
    const Placement p = data::draw({}, 3, 1, sample);
    CHECK(p.dy == 0);
    CHECK(p.dx == 0);
    CHECK_FALSE(p.flip);
    CHECK_FALSE(data::draw(data::shift(2), 3, 1, sample).flip);
  }
}

TEST_CASE("data: a shift must leave something of the image") {
  CHECK_NOTHROW(data::check(data::shift(7), {8, 9, 1}));
  CHECK(holds(error_of([] { data::check(data::shift(8), {8, 9, 1}); }), {"up to 8", "(8,9,1)", "0-7"}));
  CHECK(holds(error_of([] { data::check(data::shift(-1), {8, 9, 1}); }), {"up to -1"}));
}
