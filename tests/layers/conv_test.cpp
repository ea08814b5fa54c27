#include "layers/conv.h"

#include <doctest/doctest.h>

#include "layers/init.h"
#include "tests/layers/tensors.h"

namespace temper {

TEST_CASE("convolution layer: parameters and output are those of the operation") {
  ParameterStore store;
  const layers::Conv2d conv(store.root() / "stem" / "conv",
                            {.in = 4, .out = 6, .kernel = {3, 2}, .stride = 2, .padding = {1, 0}, .groups = 2});
  const layers::Conv2d dilated(store.root() / "dilated",
                               {.in = 4, .out = 3, .padding = 2, .dilation = 2, .bias = false, .decay_factor = 0});
  store.commit({.seed = 1});

  CHECK(conv.weight.name == "stem.conv.weight");
  CHECK(conv.weight.shape == Shape{6, 3, 2, 2});
  CHECK(conv.weight.kind == Parameter::Kind::weight);
  CHECK(conv.weight.file_layout == Parameter::FileLayout::kernel);
  REQUIRE(conv.bias);
  CHECK(conv.bias->name == "stem.conv.bias");
  CHECK(conv.bias->kind == Parameter::Kind::bias);
  CHECK(!dilated.bias);
  CHECK(dilated.weight.decay_factor == 0);

  const Tensor x = wavy({2, 7, 8, 4});
  check_same(conv(x), conv2d(x, conv.weight, *conv.bias, {.stride = 2, .padding = {1, 0}, .groups = 2}));
  check_same(dilated(x), conv2d(x, dilated.weight, {}, {.padding = 2, .dilation = 2}));
  CHECK(dilated(x).shape() == Shape{2, 7, 8, 3});
}

TEST_CASE("convolution layer: starts as in PyTorch") {
  ParameterStore store;
  const layers::Conv2d conv(store.root(), {.in = 32, .out = 64, .kernel = 3, .groups = 2});
  store.commit({.seed = 1});
  const double bound = 1 / std::sqrt(3.0 * 3 * 16);
  const auto largest = [](const Tensor& x) {
    float magnitude = 0;
    for (const float v : x.values()) magnitude = std::max(magnitude, std::fabs(v));
    return magnitude;
  };
  CHECK(largest(conv.weight) == doctest::Approx(bound).epsilon(0.003));
  CHECK(largest(*conv.bias) < bound);
  CHECK(largest(*conv.bias) > 0.8 * bound);
}

TEST_CASE("convolution layer: initialisers may be given") {
  ParameterStore store;
  const layers::Conv2d conv(store.root(), {.in = 2, .out = 3, .weight_init = layers::constant(0.5f), .bias_init = layers::constant(0.1f)});
  store.commit({.seed = 1});
  const Tensor weight = conv.weight, bias = *conv.bias;
  for (const float v : weight.values()) CHECK(v == 0.5f);
  for (const float v : bias.values()) CHECK(v == 0.1f);
}

TEST_CASE("convolution layer: refuses sizes that cannot be") {
  ParameterStore store;
  CHECK_THROWS_AS(layers::Conv2d(store.root(), {.out = 4}), Error);
  CHECK_THROWS_AS(layers::Conv2d(store.root(), {.in = 4}), Error);
  CHECK_THROWS_AS(layers::Conv2d(store.root(), {.in = 4, .out = 6, .groups = 4}), Error);
  CHECK_THROWS_AS(layers::Conv2d(store.root(), {.in = 4, .out = 4, .groups = 0}), Error);
  CHECK_THROWS_AS(layers::Conv2d(store.root(), {.in = 4, .out = 4, .kernel = {3, 0}}), Error);
  CHECK(store.parameters().empty());
}

}  // namespace temper
