#include "core/ops/positional_encoding.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

TEST_CASE("add_positional_encoding: the paper's sines and cosines") {
  for (const Shape& shape : {Shape{1, 1, 1}, Shape{2, 5, 6}, Shape{3, 1, 7}, Shape{1, 300, 4}, Shape{0, 2, 2}}) {
    for (const PositionalEncodingOptions& options : {PositionalEncodingOptions{}, PositionalEncodingOptions{.scale = 2.5f, .first = 11}}) {
      CAPTURE(shape);
      check_op({.inputs = {shape},
                .op = [&](auto x) { return add_positional_encoding(std::move(x[0]), options); },
                .reference =
                    [&](auto x) {
                      const Index L = shape[1], D = shape[2];
                      Array y(shape);
                      for (Index i = 0; i < y.size(); ++i) {
                        const Index pair = i % D / 2, position = options.first + i / D % L;
                        const double angle =
                            static_cast<double>(position) / std::pow(10000, 2 * static_cast<double>(pair) / static_cast<double>(D));
                        y[i] = options.scale * x[0][i] + (i % D % 2 == 0 ? std::sin(angle) : std::cos(angle));
                      }
                      return y;
                    }});
    }
  }
}

TEST_CASE("add_positional_encoding: a tensor without positions is refused") {
  CHECK_THROWS_AS(add_positional_encoding(Tensor(Shape{2, 3}, std::vector<float>(6))), Error);
  CHECK_THROWS_AS(add_positional_encoding(Tensor(Shape{1, 2, 3}, std::vector<float>(6)), {.first = -1}), Error);
}

}  // namespace
}  // namespace temper
