#include "layers/concat.h"

#include "core/ops/elementwise.h"
#include "tests/layers/tensors.h"

namespace temper {
namespace {

using namespace layers;

TEST_CASE("branches: each layer's output of the same input, side by side") {
  const auto times = [](float factor) { return [=](Tensor x) { return scale(std::move(x), factor); }; };
  const Concat branches{times(1), Sequential{times(2), Concat{times(5), times(7)}}, Sequential{}};
  const Tensor x = wavy({2, 3});
  const Tensor y = branches(wavy({2, 3}));
  REQUIRE(y.shape() == Shape{2, 12});
  const float factors[] = {1, 10, 14, 1};
  for (Index i = 0; i < y.size(); ++i) CHECK(y.data()[i] == factors[i % 12 / 3] * x.data()[i / 12 * 3 + i % 3]);
}

TEST_CASE("branches: none, and nothing to call, are refused") {
  CHECK_THROWS_WITH_AS(Concat({}), doctest::Contains("no layers"), Error);
  CHECK_THROWS_WITH_AS(Concat({Sequential{}, Layer{}}), doctest::Contains("layer 1"), Error);
}

}  // namespace
}  // namespace temper
