#include "data/mixup.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random.h"
#include "data/loader.h"
#include "tests/data/file_folder.h"

namespace temper::data {

using namespace tests;

TEST_CASE("data: shares of mixup have the mean and variance of Beta(alpha, alpha)") {
  for (const float alpha : {0.1f, 0.4f, 1.0f, 4.0f}) {
    double mean = 0, variance = 0;
    constexpr int kDraws = 4000;
    bool inside = true;
    for (int i = 0; i < kDraws; ++i) {
      const double share = draw_mixup(alpha, 1, 2, i);
      inside = inside && share >= 0 && share <= 1;
      mean += share / kDraws;
      variance += (share - 0.5) * (share - 0.5) / kDraws;
    }
    CAPTURE(alpha);
    CHECK(inside);
    const double expected = 1 / (4 * (2 * static_cast<double>(alpha) + 1));
    CHECK(std::fabs(mean - 0.5) < 5 * std::sqrt(expected / kDraws));
    CHECK(variance == doctest::Approx(expected).epsilon(0.1));
  }
  CHECK(draw_mixup(0.4f, 1, 2, 3) == draw_mixup(0.4f, 1, 2, 3));
  CHECK(draw_mixup(0.4f, 1, 2, 3) != draw_mixup(0.4f, 1, 3, 3));
  CHECK(draw_mixup(0, 1, 2, 3) == 1);
  for (const float alpha : {-1.0f, 5.0f, NAN}) CHECK_THROWS_AS(draw_mixup(alpha, 1, 2, 3), Error);
}

TEST_CASE("data: shares of mixup are Jöhnk's, draw by draw") {
  for (const float alpha : {0.4f, 1.0f, 4.0f}) {
    CAPTURE(alpha);
    for (Index batch = 0; batch < 300; ++batch) {
      const Random random(5, {0x6D69787570, 2, static_cast<std::uint64_t>(batch)});
      double x = 1, y = 1;
      for (std::uint64_t draw = 0; x + y > 1; draw += 2) {
        x = std::pow(random.uniform(draw), 1 / static_cast<double>(alpha));
        y = std::pow(random.uniform(draw + 1), 1 / static_cast<double>(alpha));
      }
      CHECK(draw_mixup(alpha, 5, 2, batch) == doctest::Approx(x / (x + y)).epsilon(1e-5));
    }
  }
}

TEST_CASE("data: a mixed batch is made of its unmixed one, images and labels") {
  Dataset set{.name = "pattern", .image = {2, 2, 1}, .pixels = {}, .labels = {}, .class_names = {"a", "b", "c"}};
  for (int i = 0; i < 7; ++i) {
    for (int j = 0; j < 4; ++j) set.pixels.push_back(static_cast<std::uint8_t>(37 * i + 5 * j));
    set.labels.push_back(i % 3);
  }
  const auto normalization = Normalization::measure(set);
  LoaderOptions options{.batch = 7, .shuffle = true, .seed = 3};
  Loader plain(set, normalization, options);
  options.mixup = 1;
  options.extra_preprocessing = {Preprocessing{.normalization = normalization, .crop = 1}};
  Loader mixed(set, normalization, options);
  auto plain_epoch = plain.epoch(1), mixed_epoch = mixed.epoch(1);
  const Batch& before = *plain_epoch.begin();
  const Batch& after = *mixed_epoch.begin();
  CHECK(before.mixed_labels.empty());
  REQUIRE(after.mixed_labels.size() == 7);
  CHECK(after.mixup_lambda > 0);
  CHECK(after.mixup_lambda < 1);
  for (Index n = 0; n < 7; ++n) {
    const Index other = 6 - n;
    CHECK(after.labels[static_cast<std::size_t>(n)] == before.labels[static_cast<std::size_t>(n)]);
    CHECK(after.mixed_labels[static_cast<std::size_t>(n)] == before.labels[static_cast<std::size_t>(other)]);
    for (Index i = 0; i < 4; ++i) {
      const float expected =
          after.mixup_lambda * before.images.data()[4 * n + i] + (1 - after.mixup_lambda) * before.images.data()[4 * other + i];
      CHECK(after.images.data()[4 * n + i] == doctest::Approx(expected).epsilon(1e-6));
    }
    CHECK(after.extra_images.front().data()[n] == after.images.data()[4 * n]);  // one pixel: the upper left one of a 2x2 image's middle
  }
}

}  // namespace temper::data
