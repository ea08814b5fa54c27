#include "layers/embedding.h"

#include <doctest/doctest.h>

#include <cmath>

#include "layers/init.h"

namespace temper::layers {
namespace {

TEST_CASE("embedding layer: its rows are those of the ids, and as an output layer it multiplies by them") {
  ParameterStore store;
  const Embedding layer(store.root() / "words", {.vocabulary = 3, .features = 2, .weight_init = [](const View& value, const Random&) {
                                                   for (Index i = 0; i < value.size(); ++i) value[i] = static_cast<float>(i);
                                                 }});
  store.commit({});
  const std::vector<std::int32_t> ids{2, 0, 2};
  const Tensor rows = layer(ids);
  CHECK(rows.shape() == Shape{3, 2});
  CHECK(std::vector<float>(rows.values().begin(), rows.values().end()) == std::vector<float>{4, 5, 0, 1, 4, 5});
  const Tensor logits = layer.logits(Tensor({1, 2}, std::vector<float>{1, 10}));
  CHECK(std::vector<float>(logits.values().begin(), logits.values().end()) == std::vector<float>{10, 32, 54});
  const std::vector<std::int32_t> unknown{3};
  CHECK_THROWS_AS(layer(unknown), Error);
  ParameterStore other;
  CHECK_THROWS_AS(Embedding(other.root(), {.vocabulary = 0, .features = 2}), Error);
}

TEST_CASE("embedding layer: a word's vector has about length 1 at first") {
  ParameterStore store;
  const Embedding layer(store.root() / "words", {.vocabulary = 400, .features = 64});
  store.commit({.seed = 1});
  double squares = 0;
  for (const float value : store.values()) squares += static_cast<double>(value) * static_cast<double>(value);
  CHECK(squares / 400 == doctest::Approx(1).epsilon(0.05));
}

}  // namespace
}  // namespace temper::layers
