#include "layers/multihead_attention.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/ops/attention.h"
#include "core/ops/linear.h"
#include "core/ops/slice.h"
#include "layers/embedding.h"
#include "layers/layer_norm.h"
#include "tests/layers/tensors.h"

namespace temper::layers {
namespace {

TEST_CASE("multihead attention: projections around the heads, by PyTorch's names") {
  for (const bool bias : {true, false}) {
    ParameterStore store;
    const MultiheadAttention layer(store.root(), {.features = 8, .heads = 2, .bias = bias});
    store.commit({.seed = 2});
    REQUIRE(store.parameters().size() == (bias ? 4u : 2u));
    CHECK(store.parameters()[0].name == "in_proj_weight");
    CHECK(store.parameters().back().name == (bias ? "out_proj.bias" : "out_proj.weight"));
    for (Parameter& parameter : store.parameters()) {
      if (parameter.kind == Parameter::Kind::bias) std::copy_n(wavy(parameter.shape).data(), parameter.value.size(), parameter.value.data);
      for (Index i = 0; parameter.kind == Parameter::Kind::weight && i < parameter.value.size(); ++i)
        CHECK(std::fabs(parameter.value[i]) <= std::sqrt(3.0 / 8));  // Glorot's bound for (8,8)
    }
    Parameter &in = store.parameters()[0], &out = store.parameters()[bias ? 2 : 1];
    const Tensor in_bias = bias ? Tensor(store.parameters()[1]) : Tensor(), out_bias = bias ? Tensor(store.parameters()[3]) : Tensor();
    const Tensor x = wavy({2, 3, 8}), memory = wavy({2, 5, 8}, 1);
    const auto rows_of = [](const Tensor& t) { return t.reshape({t.shape()[0] * t.shape()[1], t.shape()[2]}); };

    const Tensor qkv = linear(rows_of(x), in, in_bias).reshape({2, 3, 24});
    const Tensor self = linear(rows_of(self_attention(qkv, {.heads = 2, .causal = true})), out, out_bias).reshape({2, 3, 8});
    check_same(layer(x, {.causal = true}), self);

    const std::vector<std::int32_t> lengths = {5, 2};
    const Tensor q = linear(rows_of(x), slice(in, 0, 8), bias ? slice(in_bias, 0, 8) : Tensor()).reshape({2, 3, 8});
    const Tensor kv = linear(rows_of(memory), slice(in, 8, 24), bias ? slice(in_bias, 8, 24) : Tensor()).reshape({2, 5, 16});
    const Tensor cross = linear(rows_of(cross_attention(q, kv, {.heads = 2, .key_lengths = lengths})), out, out_bias).reshape({2, 3, 8});
    check_same(layer(x, layer.key_value(memory), {.key_lengths = lengths}), cross);
    CHECK_THROWS_AS(layer(wavy({2, 3, 7})), Error);
  }
  ParameterStore store;
  CHECK_THROWS_AS(MultiheadAttention(store.root(), {.features = 8, .heads = 3}), Error);
  CHECK_THROWS_AS(MultiheadAttention(store.root() / "a", {.features = 8, .heads = 2, .dropout = 1}), Error);
}

TEST_CASE("embedding layer: rows and, by the same weight, logits") {
  ParameterStore store;
  const Embedding layer(store.root(), {.vocabulary = 50, .features = 16});
  store.commit({.seed = 2});
  const std::vector<std::int32_t> ids = {3, 49, 3};
  const Tensor x = layer(ids);
  REQUIRE(x.shape() == Shape{3, 16});
  for (Index d = 0; d < 16; ++d) CHECK(x.data()[16 + d] == layer.weight.value[49 * 16 + d]);
  check_same(layer.logits(x), linear(x, layer.weight));
  double square = 0;
  for (Index i = 0; i < 800; ++i) square += layer.weight.value[i] * layer.weight.value[i];
  CHECK(square / 50 == doctest::Approx(1).epsilon(0.15));  // sixteen of variance 1/16 a row
  CHECK_THROWS_AS(Embedding(store.root() / "none", {.vocabulary = 0, .features = 4}), Error);
}

TEST_CASE("layer norm layer: from weight 1 and bias 0, of the kind that does not decay") {
  ParameterStore store;
  const LayerNorm layer(store.root(), {.features = 4});
  store.commit({});
  CHECK(layer.weight.kind == Parameter::Kind::norm);
  CHECK(layer.bias.kind == Parameter::Kind::norm);
  const Tensor y = layer(wavy({2, 3, 4}));
  for (Index row = 0; row < 6; ++row) {
    double sum = 0, square = 0;
    for (Index d = 0; d < 4; ++d) {
      sum += y.data()[row * 4 + d];
      square += y.data()[row * 4 + d] * y.data()[row * 4 + d];
    }
    CHECK(std::fabs(sum) < 1e-5);
    CHECK(square == doctest::Approx(4).epsilon(1e-3));
  }
  CHECK_THROWS_AS(LayerNorm(store.root() / "none", {.features = 0}), Error);
}

}  // namespace
}  // namespace temper::layers
