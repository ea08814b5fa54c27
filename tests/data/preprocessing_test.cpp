#include "data/preprocessing.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random.h"
#include "data/loader.h"
#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using namespace tests;

std::vector<std::uint8_t> noise(Index size, std::uint64_t seed) {
  std::vector<std::uint8_t> pixels;
  for (Index i = 0; i < size; ++i) pixels.push_back(static_cast<std::uint8_t>(Random(seed, {1}).below(static_cast<std::uint64_t>(i), 256)));
  return pixels;
}

// What the network sees of one image.
std::vector<float> see(const Preprocessing& preprocessing, const Shape& image, const std::vector<std::uint8_t>& pixels,
                       const CropFlip& crop_flip = {}) {
  const Preprocessor preprocessor(preprocessing, image);
  std::vector<float> out(static_cast<std::size_t>(preprocessor.input_shape().size()));
  preprocessor(pixels, crop_flip, out.data());
  return out;
}

Dataset noisy_set(const Shape& image, Index size) {
  Dataset set{.name = "noise", .image = image, .pixels = noise(size * image.size(), 7), .labels = {}, .class_names = {"only"}};
  set.labels.assign(static_cast<std::size_t>(size), 0);
  return set;
}

TEST_CASE("preprocessing: another number of bytes than that of the image is refused, before any is read") {
  const Preprocessor preprocessor({.normalization = {.mean = {0}, .std = {1}}}, Shape{8, 8, 1});
  std::vector<float> out(64);
  for (const std::size_t size : {0U, 3U, 63U, 65U, 192U}) {
    const std::vector<std::uint8_t> pixels(size);
    CHECK_THROWS_WITH_AS(preprocessor(pixels, {}, out.data()),
                         doctest::Contains((std::to_string(size) + " pixel bytes for an image of (8,8,1); give 64").c_str()), Error);
  }
  preprocessor(std::vector<std::uint8_t>(64, 255), {}, out.data());
  CHECK(out[63] == 1);
}

}  // namespace

TEST_CASE("data: an image is standardised as TensorFlow does it, over the crop alone") {
  const Shape image{9, 8, 3};
  const std::vector<std::uint8_t> pixels = noise(image.size(), 3);
  const std::vector<float> seen = see({.standardization = Standardization::image, .crop = 5}, image, pixels);
  REQUIRE(seen.size() == 75);
  std::vector<double> crop;
  for (std::size_t y = 2; y < 7; ++y) {
    for (std::size_t x = 1; x < 6; ++x) {
      for (std::size_t c = 0; c < 3; ++c) crop.push_back(pixels[(y * 8 + x) * 3 + c]);
    }
  }
  double mean = 0, variance = 0;
  for (const double x : crop) mean += x / 75;
  for (const double x : crop) variance += (x - mean) * (x - mean) / 75;
  for (std::size_t i = 0; i < 75; ++i) CHECK(std::fabs(seen[i] - (crop[i] - mean) / std::sqrt(variance)) < 1e-6);
}

TEST_CASE("data: the deviation of a flat image is bounded from below by 1/sqrt(size)") {
  const Shape image{4, 4, 1};
  std::vector<std::uint8_t> pixels(16, 200);
  for (const float x : see({.standardization = Standardization::image}, image, pixels)) CHECK(x == 0);
  const Preprocessing preprocessing{.standardization = Standardization::image};
  std::vector<std::uint8_t> wide(1 << 16, 0);
  wide[77] = 1;  // deviation 1/256, the bound: both are 1/sqrt(65536)
  const std::vector<float> seen = see(preprocessing, {256, 256, 1}, wide);
  CHECK(seen[77] == doctest::Approx(256).epsilon(1e-4));
  pixels.assign(16, 0);
  pixels[5] = 1;  // mean 1/16, deviation sqrt(15)/16, a little less than the bound of 1/4
  CHECK(see(preprocessing, image, pixels)[5] == 15.0f / 16 / 0.25f);
}

TEST_CASE("data: black padding counts in the standardisation of an image") {
  const Shape image{2, 2, 1};
  const std::vector<float> seen = see({.standardization = Standardization::image}, image, {100, 100, 100, 100}, {.dy = 1});
  CHECK(seen == std::vector<float>{1, 1, -1, -1});
}

TEST_CASE("data: companions see the same place of the same images, each in its own way") {
  const Dataset set = noisy_set({8, 8, 1}, 12);
  const Preprocessing plain{.normalization = {.mean = {0}, .std = {1.0 / 255}}};  // bytes as they are
  const Preprocessing crop{.normalization = plain.normalization, .crop = 4};
  const Preprocessing smaller{.normalization = plain.normalization, .crop = 2};
  Loader loader(set, crop, {.batch = 5, .shuffle = true, .augment = crop_flip(1), .seed = 4, .extra_preprocessing = {plain, smaller}});
  int moved = 0;
  for (const Batch& batch : loader.epoch(3)) {
    CHECK(batch.images.shape() == Shape{batch.images.shape()[0], 4, 4, 1});
    REQUIRE(batch.extra_images.size() == 2);
    REQUIRE(batch.extra_images[0].shape() == Shape{batch.images.shape()[0], 8, 8, 1});
    REQUIRE(batch.extra_images[1].shape() == Shape{batch.images.shape()[0], 2, 2, 1});
    for (Index n = 0; n < batch.images.shape()[0]; ++n) {
      const float* small = batch.images.data() + n * 16;
      const float* whole = batch.extra_images[0].data() + n * 64;
      REQUIRE(small[4 + 1] == batch.extra_images[1].data()[n * 4]);
      for (Index y = 0; y < 4; ++y) {
        for (Index x = 0; x < 4; ++x) REQUIRE(small[4 * y + x] == whole[8 * (y + 2) + x + 2]);  // its middle
      }
      const std::span<const std::uint8_t> pixels = set.pixel_span(batch.samples[static_cast<std::size_t>(n)]);
      moved += small[0] != static_cast<float>(pixels[8 * 2 + 2]);
    }
  }
  CHECK(moved > 6);
  Loader alone(set, crop);
  for (const Batch& batch : alone.epoch(0)) CHECK(batch.extra_images.empty());
}

TEST_CASE("data: crops larger than the image and normalisations of other channels are refused") {
  CHECK(holds(error_of([] { (void)Preprocessing{.crop = 9}.input_shape({8, 9, 1}); }), {"--crop", "9 pixels", "(8,9,1)", "1-8"}));
  CHECK(holds(error_of([] { (void)Preprocessing{.crop = -1}.input_shape({8, 9, 1}); }), {"--crop"}));
  CHECK(Preprocessing{.crop = 8}.input_shape({8, 9, 3}) == Shape{8, 8, 3});
  CHECK(holds(error_of([] { Preprocessor({.normalization = {.mean = {0}, .std = {1}}}, {8, 8, 3}); }), {"3 channels", "has 1"}));
  for (const Standardization way : {Standardization::channel, Standardization::image}) {
    CHECK(parse_standardization(name(way)) == way);
  }
  CHECK(holds(error_of([] { (void)parse_standardization("pixel"); }), {"pixel", "channel or image"}));
}

}  // namespace temper::data
