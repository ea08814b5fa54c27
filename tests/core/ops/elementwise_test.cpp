#include "core/ops/elementwise.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/ops/relu.h"
#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

Array zip(const Array& a, const Array& b, double (*f)(double, double)) {
  Array y(a.shape);
  for (Index i = 0; i < y.size(); ++i) y[i] = f(a[i], b[i]);
  return y;
}

TEST_CASE("elementwise: add, multiply, scale") {
  for (const Shape& shape : {Shape{3, 5, 7, 2}, Shape{1}, Shape{}, Shape{17, 13}}) {
    CAPTURE(shape);
    check_op({.inputs = {shape, shape},
              .op = [](auto x) { return add(std::move(x[0]), std::move(x[1])); },
              .reference = [](auto x) { return zip(x[0], x[1], [](double a, double b) { return a + b; }); }});
    check_op({.inputs = {shape, shape},
              .op = [](auto x) { return multiply(std::move(x[0]), std::move(x[1])); },
              .reference = [](auto x) { return zip(x[0], x[1], [](double a, double b) { return a * b; }); }});
    check_op({.inputs = {shape},
              .op = [](auto x) { return scale(std::move(x[0]), -1.7f); },
              .reference = [](auto x) { return reference::map(x[0], [](double a) { return double{-1.7f} * a; }); }});
  }
}

TEST_CASE("elementwise: a tensor with itself") {
  check_op({.inputs = {Shape{9}},
            .op = [](auto x) { return multiply(x[0], x[0]); },
            .reference = [](auto x) { return reference::map(x[0], [](double a) { return a * a; }); }});
  check_op({.inputs = {Shape{9}},
            .op = [](auto x) { return add(x[0], x[0]); },
            .reference = [](auto x) { return reference::map(x[0], [](double a) { return 2 * a; }); }});
}

TEST_CASE("elementwise: shapes that differ are refused by name") {
  CHECK_THROWS_WITH_AS(add(Tensor(Shape{2, 3}), Tensor(Shape{3, 2})), doctest::Contains("add: the shapes (2,3) and (3,2) differ"), Error);
}

TEST_CASE("relu") {
  for (const Shape& shape : {Shape{3, 5, 7, 2}, Shape{1}, Shape{2, 9}, Shape{16}, Shape{0}})
    check_op({.inputs = {shape},
              .op = [](auto x) { return relu(std::move(x[0])); },
              .reference = [](auto x) { return reference::map(x[0], [](double a) { return a > 0 ? a : 0; }); }});
  const float values[] = {-1, 0, NAN, 2};
  const Tensor y = relu(Tensor(Shape{4}, values));
  CHECK(y.data()[0] == 0);
  CHECK(std::isnan(y.data()[2]));
  CHECK(y.data()[3] == 2);
}

}  // namespace
}  // namespace temper
