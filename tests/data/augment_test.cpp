#include "data/augment.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using namespace tests;

const Shape kImage{32, 32, 3};

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
          apply_crop_flip(pixels, image, CropFlip{.dy = dy, .dx = dx, .flip = flip}, table, image, out.data());
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
  const Augment augment = crop_flip(4);
  std::map<Index, int> dy, dx;
  int flips = 0;
  constexpr int kSamples = 18'000;
  for (Index sample = 0; sample < kSamples; ++sample) {
    const CropFlip p = draw(augment, kImage, kImage, 1, 0, sample);
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
  const Augment augment = crop_flip(4);
  const auto all = [&](std::uint64_t seed, Index epoch) {
    std::vector<std::tuple<Index, Index, bool>> draws;
    for (Index sample = 0; sample < 64; ++sample) {
      const CropFlip p = draw(augment, kImage, kImage, seed, epoch, sample);
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
    const CropFlip p = draw({}, kImage, kImage, 3, 1, sample);
    CHECK(p.dy == 0);
    CHECK(p.dx == 0);
    CHECK_FALSE(p.flip);
    CHECK_FALSE(draw(shift(2), kImage, kImage, 3, 1, sample).flip);
  }
}

TEST_CASE("data: a window smaller than the image is centred and then moved, mirrored at the border where that is wanted") {
  const Shape image{5, 6, 1}, seen{3, 3, 1};
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 30; ++i) pixels.push_back(static_cast<std::uint8_t>(i + 1));
  const auto mirrored = [](Index i, Index size) { return i < 0 ? -i : i >= size ? 2 * size - 2 - i : i; };
  for (Index dy = -4; dy <= 4; ++dy) {
    for (Index dx = -4; dx <= 4; ++dx) {
      for (const bool flip : {false, true}) {
        for (const Padding padding : {Padding::black, Padding::reflect}) {
          std::vector<float> out(10, -7);
          apply_crop_flip(pixels, image, {.dy = dy, .dx = dx, .flip = flip, .padding = padding}, telling_table(1), seen, out.data());
          CHECK(out.back() == -7);
          std::size_t i = 0;
          for (Index y = 0; y < 3; ++y) {
            for (Index x = 0; x < 3; ++x) {
              const Index row = y + 1 + dy, column = (flip ? 2 - x : x) + 1 + dx;
              const bool inside = row >= 0 && row < 5 && column >= 0 && column < 6;
              const bool black = padding == Padding::black && !inside;
              REQUIRE(out[i++] == static_cast<float>(black ? 0 : 6 * mirrored(row, 5) + mirrored(column, 6) + 1));
            }
          }
        }
      }
    }
  }
}

TEST_CASE("data: random crops come from everywhere in the padded image, centre crops stay where they are") {
  const Shape seen{24, 23, 3};
  Augment augment = crop_flip(1);
  std::set<Index> tops, lefts;
  for (Index sample = 0; sample < 2000; ++sample) {
    const CropFlip p = draw(augment, kImage, seen, 1, 0, sample);
    tops.insert(p.dy + 4);   // (32 - 24) / 2
    lefts.insert(p.dx + 4);  // (32 - 23) / 2
  }
  CHECK(tops.size() == 11);
  CHECK(*tops.begin() == -1);
  CHECK(*tops.rbegin() == 9);
  CHECK(lefts.size() == 12);
  CHECK(*lefts.begin() == -1);
  CHECK(*lefts.rbegin() == 10);
  augment = {};
  CHECK(draw(augment, kImage, seen, 1, 0, 5).dy == 0);
}

TEST_CASE("data: alternating flips show an image both ways in any two epochs, half of the images each way in the first") {
  const Augment augment{.flip = Flip::alternating};
  int flips = 0;
  for (Index sample = 0; sample < 1000; ++sample) {
    const auto flipped = [&](Index epoch) { return draw(augment, kImage, kImage, 1, epoch, sample).flip; };
    flips += flipped(0);
    for (Index epoch = 0; epoch < 4; ++epoch) REQUIRE(flipped(epoch) != flipped(epoch + 1));
  }
  CHECK(std::abs(flips - 500) < 80);
}

TEST_CASE("data: a shift must leave something of the image") {
  CHECK_NOTHROW(check(shift(7), {8, 9, 1}));
  CHECK(holds(error_of([] { check(shift(8), {8, 9, 1}); }), {"up to 8", "(8,9,1)", "0-7"}));
  CHECK(holds(error_of([] { check(shift(-1), {8, 9, 1}); }), {"up to -1"}));
}

}  // namespace temper::data
