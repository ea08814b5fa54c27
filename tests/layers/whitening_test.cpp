#include "layers/whitening.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/mean.h"
#include "tests/layers/tensors.h"

namespace temper {
namespace {

using namespace layers;

// Images whose neighbours and channels are much alike.
Tensor smooth_images(Index N, Index H, Index W, Index C) {
  Tensor images(Shape{N, H, W, C});
  const Random random(6, {});
  for (Index i = 0; i < images.size(); ++i) {
    const Index n = i / (H * W * C), h = i / (W * C) % H, w = i / C % W, c = i % C;
    const auto phase = static_cast<double>(n) + 0.1 * static_cast<double>(c);
    images.data()[i] = static_cast<float>(std::sin(0.5 * static_cast<double>(h) + phase) + std::cos(0.3 * static_cast<double>(w) * phase) +
                                          0.3 * random.normal(static_cast<std::uint64_t>(i)));
  }
  return images;
}

TEST_CASE("whitening: the outputs are uncorrelated and of mean square 1, the second half the negatives of the first") {
  ParameterStore store;
  const Whitening layer(store.root(), {.in = 3, .kernel = {2, 3}, .epsilon = 1e-9});
  store.commit({.seed = 1});
  const Tensor images = smooth_images(20, 9, 8, 3);
  layer.fit(images);
  const Tensor y = layer(images);
  REQUIRE(y.shape() == Shape{20, 8, 6, 36});
  const Index rows = y.shape().rows();
  for (Index a = 0; a < 18; ++a) {
    for (Index b = 0; b < 18; ++b) {
      double product = 0;
      for (Index row = 0; row < rows; ++row) {
        product += static_cast<double>(y.data()[row * 36 + a]) * static_cast<double>(y.data()[row * 36 + b]) / static_cast<double>(rows);
      }
      CHECK(product == doctest::Approx(a == b ? 1 : 0).epsilon(1e-4));
    }
  }
  for (Index i = 0; i < 18 * 18; ++i) CHECK(layer.weight.value[i] == -layer.weight.value[18 * 18 + i]);
}

TEST_CASE("whitening: constant images, of which all but one eigenvalue is 0, give finite filters bounded by epsilon") {
  ParameterStore store;
  const Whitening layer(store.root(), {.in = 1});
  store.commit({});
  Tensor images(Shape{3, 4, 4, 1});
  std::fill_n(images.data(), images.size(), 2.0f);
  layer.fit(images);
  for (Index i = 0; i < layer.weight.value.size(); ++i) CHECK(std::fabs(layer.weight.value[i]) <= 1 / std::sqrt(5e-4));
  CHECK(layer.weight.value[0] == doctest::Approx(0.5 / std::sqrt(16 + 5e-4)));
}

TEST_CASE("whitening: only the bias is learned, and the filters are the same bits on every number of threads") {
  const int before = threads();
  std::vector<float> first;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    ParameterStore store;
    const Whitening layer(store.root() / "whiten", {.in = 3});
    store.commit({});
    CHECK(store.learned_size() == 24);
    const Tensor images = smooth_images(70, 6, 6, 3);
    layer.fit(images);
    const std::vector<float> filters(layer.weight.value.data, layer.weight.value.data + layer.weight.value.size());
    if (first.empty()) first = filters;
    CHECK(std::memcmp(filters.data(), first.data(), first.size() * sizeof(float)) == 0);
    Tape tape;
    tape.backward(mean(layer(images)));
    CHECK(store.zero_unwritten_gradients().empty());
    CHECK(layer.bias.gradient[5] == doctest::Approx(1.0 / 24));
  }
  set_threads(before);
}

TEST_CASE("whitening: images that do not fit or are not finite are refused") {
  ParameterStore store;
  const Whitening layer(store.root(), {.in = 3});
  store.commit({});
  CHECK_THROWS_WITH_AS(layer.fit(wavy({2, 1, 5, 3})), doctest::Contains("no patches"), Error);
  CHECK_THROWS_WITH_AS(layer.fit(wavy({2, 5, 5, 1})), doctest::Contains("no patches"), Error);
  Tensor images = wavy({2, 5, 5, 3});
  images.data()[7] = NAN;
  CHECK_THROWS_WITH_AS(layer.fit(images), doctest::Contains("finite"), Error);
  CHECK_THROWS_AS(Whitening(store.root(), {.in = 0}), Error);
}

}  // namespace
}  // namespace temper
