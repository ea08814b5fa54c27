#include "core/ops/mean.h"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "tests/check_op.h"

namespace temper {
namespace {

TEST_CASE("mean") {
  for (const Shape& shape : {Shape{3, 5, 7, 2}, Shape{1}, Shape{}, Shape{17, 37}}) {
    CAPTURE(shape);
    check_op({.inputs = {shape},
              .op = [](auto x) { return mean(std::move(x[0])); },
              .reference =
                  [](auto x) {
                    reference::Array y(Shape{});
                    y[0] = std::accumulate(x[0].values.begin(), x[0].values.end(), 0.0) / static_cast<double>(x[0].size());
                    return y;
                  }});
  }
}

TEST_CASE("mean: small values beside large ones, and many of them, are not lost") {
  const float values[] = {1e8f, 1, -1e8f, 1};
  CHECK(mean(Tensor(Shape{4}, values)).item() == 0.5f);
  // A float32 sum of ones stops at 2^24.
  const std::vector<float> ones((std::size_t{1} << 24) + 1000, 1.0f);
  CHECK(mean(Tensor(Shape{static_cast<Index>(ones.size())}, ones)).item() == 1);
}

TEST_CASE("mean: of nothing is refused") {
  CHECK_THROWS_WITH_AS(mean(Tensor(Shape{0, 3})), doctest::Contains("mean: an input (0,3)"), Error);
}

}  // namespace
}  // namespace temper
