#include "layers/sequential.h"

#include <doctest/doctest.h>

#include "core/ops/linear.h"
#include "core/ops/relu.h"
#include "layers/linear.h"
#include "layers/residual.h"
#include "tests/layers/tensors.h"

namespace temper {

using layers::Residual;
using layers::Sequential;

TEST_CASE("sequential: layers, operations, lambdas and sequentials, in order") {
  ParameterStore store;
  const layers::Linear first(store.root() / "first", {.inputs = 5, .outputs = 4}), last(store.root() / "last", {.inputs = 4, .outputs = 3});
  store.commit({.seed = 1});
  const auto twice = [](Tensor x) { return scale(std::move(x), 2); };
  Sequential net{first, Sequential{relu, twice}};
  net.add(last);
  CHECK(net.size() == 3);

  const Tensor x = wavy({2, 5});
  const Tensor expected = last(scale(relu(first(x)), 2));
  check_same(net(x), expected);
  const Sequential copy = net;
  CHECK(copy.size() == 3);
  check_same(copy(x), expected);
}

TEST_CASE("sequential: empty is the identity, an empty function is refused") {
  const Tensor x = wavy({2, 5});
  check_same(Sequential()(x), x);
  Sequential net;
  CHECK_THROWS_AS(net.add(layers::Layer()), Error);
}

TEST_CASE("sequential: braces declare from left to right") {
  ParameterStore store;
  const Sequential net{layers::Linear(store.root() / "a", {.inputs = 2, .outputs = 2, .bias = false}),
                       layers::Linear(store.root() / "b", {.inputs = 2, .outputs = 2, .bias = false})};
  CHECK(store.parameters()[0].name == "a.weight");
  CHECK(store.parameters()[1].name == "b.weight");
}

TEST_CASE("sequential: a chain works in place") {
  const Sequential net{relu, [](Tensor x) { return scale(std::move(x), 2); }};
  Tensor x = wavy({100, 100});
  const float* const memory = x.data();
  CHECK(net(std::move(x)).data() == memory);
}

TEST_CASE("residual: adds the input, or the shortcut's output, and leaves the input alone") {
  const auto twice = [](Tensor x) { return scale(std::move(x), 2); };
  const Tensor x = wavy({3, 4});
  const std::vector<float> before = values_of(x);
  check_same(Residual(twice)(x), add(scale(x, 2), x));
  check_same(Residual(Sequential{relu, twice}, twice)(x), add(scale(relu(x), 2), scale(x, 2)));
  CHECK(values_of(x) == before);
  check_same(Residual(relu)(wavy({3, 4})), add(relu(x), x));  // the only handle is moved in
  CHECK_THROWS_AS(Residual([](const Tensor& t) { return t.reshape({4, 3}); })(x), Error);
}

}  // namespace temper
