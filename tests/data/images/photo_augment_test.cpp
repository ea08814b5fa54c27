#include "data/images/photo_augment.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "tests/data/images/pictures.h"

namespace temper::tests {
namespace {

using data::Framing;
using data::Image;
using data::PhotoAugment;
using data::PhotoView;

Image blank(Index height, Index width) {
  return {.height = height, .width = width, .pixels = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * height * width), 100)};
}
const Framing kFraming{{8, 8, 3}, 2};

TEST_CASE("photo augmentation: without any, the middle of the photo, whatever the draw") {
  Image photo = blank(10, 24);
  std::iota(photo.pixels.begin(), photo.pixels.end(), std::uint8_t{0});
  std::vector<std::uint8_t> expected(8 * 8 * 3), out(expected.size());
  data::cut_middle(photo, kFraming, expected.data());
  for (Index epoch = 0; epoch < 5; ++epoch) {
    data::show(photo, data::draw({}, photo, kFraming, 1, epoch, 3), kFraming, out.data());
    CHECK(out == expected);
  }
}

TEST_CASE("photo augmentation: rectangles have the areas, shapes and places that were asked for") {
  const PhotoAugment augment{.random_resized_crop = true, .smallest_area = 0.2f, .largest_area = 0.6f};
  const Image photo = blank(100, 140);
  double area_sum = 0, log_ratio_sum = 0, left_sum = 0;
  constexpr Index kDraws = 4000;
  for (Index sample = 0; sample < kDraws; ++sample) {
    const data::Region r = data::draw(augment, photo, kFraming, 1, 0, sample).region;
    CHECK((r.y >= 0 && r.x >= 0 && r.y + r.height <= 100 && r.x + r.width <= 140));
    const double area = static_cast<double>(r.height * r.width) / (100 * 140);
    const double ratio = static_cast<double>(r.width) / static_cast<double>(r.height);
    CHECK((area > 0.19 && area < 0.61 && ratio > 0.73 && ratio < 1.37));
    area_sum += area;
    log_ratio_sum += std::log(ratio);
    left_sum += static_cast<double>(r.x) / static_cast<double>(140 - r.width);
  }
  CHECK(std::abs(area_sum / kDraws - 0.4) < 0.01);
  CHECK(std::abs(log_ratio_sum / kDraws) < 0.015);
  CHECK(std::abs(left_sum / kDraws - 0.5) < 0.02);
}

TEST_CASE("photo augmentation: where no rectangle fits, the largest in the middle") {
  const PhotoAugment whole_area{.random_resized_crop = true, .smallest_area = 1, .largest_area = 1};
  CHECK(data::draw(whole_area, blank(10, 100), kFraming, 1, 0, 0).region == data::Region{0, 43, 10, 13});
  CHECK(data::draw(whole_area, blank(100, 10), kFraming, 1, 0, 0).region == data::Region{43, 0, 13, 10});
}

TEST_CASE("photo augmentation: colours are blended with black, the mean luminance and their own luminance") {
  Image photo = blank(1, 2);
  photo.pixels = {100, 50, 200, 0, 0, 0};
  const Framing framing{{1, 2, 3}};
  const auto shown = [&](const std::array<float, 3>& factors) {
    std::vector<std::uint8_t> out(6);
    data::show(photo, {.region = data::whole(photo), .factors = factors}, framing, out.data());
    return out;
  };
  const float gray = 0.299f * 100 + 0.587f * 50 + 0.114f * 200, mean = gray / 2;
  const auto rounded = [](float value) { return static_cast<int>(value + 0.5f); };
  CHECK(shown({0.5f, 1, 1}) == std::vector<std::uint8_t>{50, 25, 100, 0, 0, 0});
  CHECK(shown({2, 1, 1})[2] == 255);
  CHECK(shown({1, 0.5f, 1})[0] == rounded(50 + mean / 2));
  CHECK(shown({1, 0.5f, 1})[3] == rounded(mean / 2));
  CHECK(shown({1, 1, 0})[0] == rounded(gray));
  CHECK(shown({1, 1, 0})[2] == rounded(gray));
}

TEST_CASE("photo augmentation: a draw depends on seed, epoch and sample, and on all of them") {
  const PhotoAugment augment{.random_resized_crop = true, .brightness = 0.4f, .contrast = 0.4f, .saturation = 0.4f};
  const Image photo = blank(100, 140);
  const auto drawn = [&](std::uint64_t seed, Index epoch, Index sample) {
    return data::draw(augment, photo, kFraming, seed, epoch, sample);
  };
  const PhotoView view = drawn(1, 2, 3);
  CHECK(view.region == drawn(1, 2, 3).region);
  CHECK(view.factors == drawn(1, 2, 3).factors);
  for (const PhotoView& other : {drawn(2, 2, 3), drawn(1, 3, 3), drawn(1, 2, 4)}) CHECK(view.factors != other.factors);
  double brightness = 0;
  std::array<int, 6> orders{};
  for (Index sample = 0; sample < 1000; ++sample) {
    const PhotoView one = drawn(1, 0, sample);
    for (const float factor : one.factors) CHECK((factor >= 0.6f && factor <= 1.4f));
    brightness += one.factors[0];
    const int order = 2 * one.order[0] + (one.order[1] > one.order[2] ? 1 : 0);
    ++orders[static_cast<std::size_t>(order)];
  }
  CHECK(std::abs(brightness / 1000 - 1) < 0.03);
  for (const int count : orders) CHECK(count > 100);
}

TEST_CASE("photo augmentation: settings that make no sense are refused by their option") {
  CHECK(holds(error_of([] { data::check(PhotoAugment{.smallest_area = 0}); }), {"--smallest-area: 0 to 1"}));
  CHECK(holds(error_of([] { data::check(PhotoAugment{.smallest_area = 0.5f, .largest_area = 0.4f}); }), {"--smallest-area"}));
  CHECK(holds(error_of([] { data::check(PhotoAugment{.contrast = -1}); }), {"--contrast: -1"}));
  CHECK(holds(error_of([] { data::check(PhotoAugment{.saturation = NAN}); }), {"--saturation"}));
}

}  // namespace
}  // namespace temper::tests
