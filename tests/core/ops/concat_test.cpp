#include "core/ops/concat.h"

#include <doctest/doctest.h>

#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

Shape with_channels(const Shape& shape, Index channels) {
  return shape.rank() == 1   ? Shape{channels}
         : shape.rank() == 2 ? Shape{shape[0], channels}
                             : Shape{shape[0], shape[1], shape[2], channels};
}

Array side_by_side(std::span<const Array> parts) {
  Index channels = 0;
  for (const Array& part : parts) channels += part.shape.last();
  Array y(with_channels(parts[0].shape, channels));
  for (Index row = 0; row < y.shape.rows(); ++row) {
    Index channel = 0;
    for (const Array& part : parts) {
      for (Index c = 0; c < part.shape.last(); ++c) y[row * channels + channel++] = part[row * part.shape.last() + c];
    }
  }
  return y;
}

TEST_CASE("concat: one part and several, of rank 1, 2 and 4") {
  const std::vector<std::vector<Shape>> lists{{{2, 3, 5, 4}},
                                              {{2, 3, 5, 4}, {2, 3, 5, 1}},
                                              {{3, 2}, {3, 7}, {3, 1}},
                                              {{19, 2}, {19, 3}},
                                              {{1, 3, 1, 3}, {1, 3, 1, 2}, {1, 3, 1, 1}, {1, 3, 1, 5}, {1, 3, 1, 2}},
                                              {{4}, {3}},
                                              {{3, 2}, {3, 0}, {3, 1}}};
  for (const std::vector<Shape>& shapes : lists) {
    CAPTURE(shapes.size());
    check_op({.inputs = shapes,
              .op = [](auto x) { return concat(std::vector<Tensor>(std::move_iterator(x.begin()), std::move_iterator(x.end()))); },
              .reference = side_by_side});
  }
}

TEST_CASE("concat: a tensor with itself") {
  check_op({.inputs = {Shape{3, 2}, Shape{3, 4}},
            .op =
                [](auto x) {
                  return concat({x[0], x[1], x[0], x[0]});
                },
            .reference =
                [](auto x) {
                  const std::vector<Array> parts{x[0], x[1], x[0], x[0]};
                  return side_by_side(parts);
                }});
}

TEST_CASE("concat: a part without a gradient") {
  check_op({.inputs = {Shape{3, 2}, Shape{3, 4}, Shape{3, 1}},
            .op =
                [](auto x) {
                  return concat({x[0], x[1], x[2]});
                },
            .reference = side_by_side,
            .differentiable = {true, false, true}});
}

TEST_CASE("concat: more parts than an op has inputs elsewhere") {
  std::vector<Shape> shapes;
  for (Index i = 0; i < 40; ++i) shapes.push_back(Shape{2, 1 + i % 3});
  check_op({.inputs = shapes, .op = [](auto x) { return concat(std::vector<Tensor>(x.begin(), x.end())); }, .reference = side_by_side});
}

TEST_CASE("concat: what does not fit is refused") {
  CHECK_THROWS_WITH_AS(concat(std::vector<Tensor>{}), doctest::Contains("concat: no parts"), Error);
  CHECK_THROWS_WITH_AS(concat({Tensor(Shape{2, 3}), Tensor(Shape{3, 3})}), doctest::Contains("the parts (2,3) and (3,3) do not fit"),
                       Error);
  CHECK_THROWS_WITH_AS(concat({Tensor(Shape{6}), Tensor(Shape{2, 3})}), doctest::Contains("the parts (6) and (2,3) do not fit"), Error);
  CHECK_THROWS_WITH_AS(concat({Tensor(Shape{2, 3}), Tensor()}), doctest::Contains("concat: input 1 is empty; was it moved from?"), Error);
}

}  // namespace
}  // namespace temper
