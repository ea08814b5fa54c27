#include "layers/linear.h"

#include <doctest/doctest.h>

#include "core/engine/weights.h"
#include "core/ops/linear.h"
#include "layers/init.h"
#include "tests/layers/tensors.h"

namespace temper {

TEST_CASE("linear layer: features") {
  ParameterStore store;
  const layers::Linear fc(store.root() / "fc", {.inputs = 6, .outputs = 4, .decay_factor = 3});
  const layers::Linear bare(store.root() / "bare", {.inputs = {6}, .outputs = 4, .bias = false});
  store.commit({.seed = 1});

  CHECK(fc.weight.name == "fc.weight");
  CHECK(fc.weight.shape == Shape{4, 6});
  CHECK(fc.weight.kind == Parameter::Kind::weight);
  CHECK(fc.weight.file_layout == Parameter::FileLayout::same);
  CHECK(fc.weight.decay_factor == 3);
  REQUIRE(fc.bias);
  CHECK(fc.bias->name == "fc.bias");
  CHECK(fc.bias->shape == Shape{4});
  CHECK(fc.bias->kind == Parameter::Kind::bias);
  CHECK(!bare.bias);
  CHECK(store.parameters().size() == 3);

  const Tensor x = wavy({3, 6});
  check_same(fc(x), linear(x, fc.weight, *fc.bias));
  check_same(bare(x), linear(x, bare.weight));
  CHECK_THROWS_AS(fc(wavy({3, 2, 3})), Error);
  CHECK_THROWS_AS(fc(wavy({3, 5})), Error);
}

TEST_CASE("linear layer: images") {
  constexpr Index N = 2, H = 3, W = 2, C = 5, K = 4;
  ParameterStore store;
  const layers::Linear fc(store.root() / "fc", {.inputs = {H, W, C}, .outputs = K});
  store.commit({.seed = 1});
  CHECK(fc.weight.shape == Shape{K, H, W, C});
  CHECK(fc.weight.file_layout == Parameter::FileLayout::flattened_image);

  const Tensor x = wavy({N, H, W, C});
  const Tensor y = fc(x);
  REQUIRE(y.shape() == Shape{N, K});
  for (Index n = 0; n < N; ++n) {
    for (Index k = 0; k < K; ++k) {
      double sum = fc.bias->value[k];
      for (Index i = 0; i < H * W * C; ++i) sum += static_cast<double>(fc.weight.value[k * H * W * C + i] * x.data()[n * H * W * C + i]);
      CHECK(y.data()[n * K + k] == doctest::Approx(sum).epsilon(1e-6));
    }
  }
  check_same(fc(x.flatten()), y);
  CHECK_THROWS_WITH_AS(fc(wavy({N, W, H, C})), doctest::Contains("fc.weight"), Error);
  CHECK_THROWS_AS(fc(wavy({N, H, W, C + 1})), Error);
}

TEST_CASE("linear layer: files hold the weights of an image for PyTorch's order of its values") {
  constexpr Index H = 3, W = 2, C = 5, K = 4;
  ParameterStore store;
  const layers::Linear fc(store.root(), {.inputs = {H, W, C}, .outputs = K, .bias = false});
  store.commit({.seed = 1});
  const TensorFile saved = to_file(store);
  const TensorFile::Entry& file = saved.tensors.at("weight");
  REQUIRE(file.shape == Shape{K, C * H * W});
  const Tensor image = wavy({1, H, W, C});
  const Tensor y = fc(image);
  for (Index k = 0; k < K; ++k) {
    double sum = 0;
    for (Index c = 0; c < C; ++c) {
      for (Index pixel = 0; pixel < H * W; ++pixel) {
        sum += static_cast<double>(file.values[static_cast<std::size_t>(k * C * H * W + c * H * W + pixel)] * image.data()[pixel * C + c]);
      }
    }
    CHECK(y.data()[k] == doctest::Approx(sum).epsilon(1e-6));
  }
}

TEST_CASE("linear layer: initialisers see the weights of an image as a matrix") {
  constexpr Index K = 50, D = 6 * 6 * 8;
  ParameterStore store;
  const layers::Linear fc(store.root(), {.inputs = {6, 6, 8}, .outputs = K, .weight_init = layers::xavier_uniform()});
  const layers::Linear plain(store.root() / "plain", {.inputs = {6, 6, 8}, .outputs = K});
  store.commit({.seed = 1});
  const auto largest = [](const Parameter& p) {
    float value = 0;
    for (Index i = 0; i < p.value.size(); ++i) value = std::max(value, std::fabs(p.value[i]));
    return static_cast<double>(value);
  };
  CHECK(largest(fc.weight) == doctest::Approx(std::sqrt(6.0 / (D + K))).epsilon(0.003));
  CHECK(largest(plain.weight) == doctest::Approx(1 / std::sqrt(static_cast<double>(D))).epsilon(0.003));
  CHECK(largest(*plain.bias) < 1 / std::sqrt(static_cast<double>(D)));
  CHECK(largest(*plain.bias) > 0.8 / std::sqrt(static_cast<double>(D)));
}

TEST_CASE("linear layer: the same start whatever other layers there are") {
  const auto start = [](bool with_others) {
    ParameterStore store;
    if (with_others) layers::Linear(store.root() / "before", {.inputs = 9, .outputs = 9});
    const layers::Linear fc(store.root() / "fc", {.inputs = 6, .outputs = 4});
    if (with_others) layers::Linear(store.root() / "after", {.inputs = 5, .outputs = 2});
    store.commit({.seed = 3});
    return values_of(fc.weight);
  };
  CHECK(start(true) == start(false));
}

TEST_CASE("linear layer: refuses sizes that cannot be") {
  ParameterStore store;
  CHECK_THROWS_AS(layers::Linear(store.root(), {.inputs = Shape{}, .outputs = 4}), Error);
  CHECK_THROWS_AS(layers::Linear(store.root(), {.inputs = 4}), Error);
  CHECK_THROWS_AS(layers::Linear(store.root(), {.inputs = 0, .outputs = 4}), Error);
  CHECK_THROWS_AS(layers::Linear(store.root(), {.inputs = Shape{4, 4}, .outputs = 4}), Error);
  CHECK(store.parameters().empty());
}

}  // namespace temper
