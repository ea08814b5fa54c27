#include "core/ops/max_pool.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "core/ops/linear.h"
#include "core/tape.h"
#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

Array naive(const Array& x, const MaxPoolOptions& options) {
  const Size2 kernel = options.kernel, stride = options.stride.value_or(kernel), padding = options.padding;
  const Index H = x.shape[1], W = x.shape[2];
  Array y(Shape{x.shape[0], (H + 2 * padding.h - kernel.h) / stride.h + 1, (W + 2 * padding.w - kernel.w) / stride.w + 1, x.shape[3]});
  for (Index i = 0; i < y.size(); ++i) {
    const Index C = y.shape[3], c = i % C, q = i / C % y.shape[2], p = i / C / y.shape[2] % y.shape[1], n = i / C / y.shape[2] / y.shape[1];
    y[i] = -std::numeric_limits<double>::infinity();
    for (Index h = p * stride.h - padding.h; h < p * stride.h - padding.h + kernel.h; ++h) {
      for (Index w = q * stride.w - padding.w; w < q * stride.w - padding.w + kernel.w; ++w) {
        if (h >= 0 && h < H && w >= 0 && w < W) y[i] = std::max(y[i], x.at(n, h, w, c));
      }
    }
  }
  return y;
}

TEST_CASE("max_pool: kernels, strides and paddings") {
  const MaxPoolOptions list[] = {{},
                                 {.kernel = 3},
                                 {.kernel = 3, .stride = 2},
                                 {.kernel = 3, .stride = 2, .padding = 1},
                                 {.kernel = 3, .stride = 1, .padding = 1},
                                 {.kernel = {2, 3}, .stride = Size2{3, 1}, .padding = {1, 0}},
                                 {.kernel = 1},
                                 {.kernel = 1, .stride = 3},
                                 {.kernel = {5, 4}, .padding = 2}};
  for (const MaxPoolOptions& options : list) {
    for (const Shape& x : {Shape{2, 5, 7, 3}, Shape{1, 6, 4, 1}}) {
      CAPTURE(x);
      CAPTURE(options.kernel);
      check_op({.inputs = {x},
                .op = [&](auto t) { return max_pool(std::move(t[0]), options); },
                .reference = [&](auto a) { return naive(a[0], options); }});
    }
  }
}

std::vector<float> pooled(const Shape& shape, const std::vector<float>& values, const MaxPoolOptions& options) {
  const Tensor y = max_pool(Tensor(shape, values), options);
  return {y.values().begin(), y.values().end()};
}

// Case 18 (a), (b), and values as small as there are.
TEST_CASE("max_pool: padding never wins") {
  CHECK(pooled({1, 1, 2, 1}, {-1, -2}, {.kernel = 3, .stride = 1, .padding = 1}) == std::vector<float>{-1, -1});
  CHECK(pooled({1, 2, 2, 1}, {-1, -1, -1, -1}, {.kernel = 2, .stride = 2, .padding = 1}) == std::vector<float>{-1, -1, -1, -1});
  CHECK(pooled({1, 1, 1, 1}, {-INFINITY}, {.kernel = 3, .padding = 1}) == std::vector<float>{-INFINITY});
}

// Case 18 (c).
TEST_CASE("max_pool: what does not fit is refused") {
  const Tensor x(Shape{1, 4, 4, 1});
  CHECK_THROWS_WITH_AS(max_pool(x, {.kernel = 2, .padding = 2}),
                       doctest::Contains("max_pool: padding (2,2) is more than half of the kernel (2,2)"), Error);
  CHECK_THROWS_WITH_AS(max_pool(x, {.kernel = 5}), doctest::Contains("max_pool: a kernel (5,5)"), Error);
  CHECK_THROWS_WITH_AS(max_pool(x, {.kernel = 0}), doctest::Contains("kernel (0,0)"), Error);
  CHECK_THROWS_WITH_AS(max_pool(x, {.kernel = 2, .stride = 0}), doctest::Contains("stride (0,0)"), Error);
  CHECK_THROWS_WITH_AS(max_pool(Tensor(Shape{4, 4}), {}), doctest::Contains("an input (4,4) is no batch of images"), Error);
  CHECK(max_pool(Tensor(Shape{0, 4, 4, 3}), {}).shape() == Shape{0, 2, 2, 3});
}

std::vector<float> gradient(const Shape& shape, const std::vector<float>& values, const MaxPoolOptions& options) {
  ParameterStore store;
  Parameter& x = store.root().declare({.name = "x", .shape = shape, .initialize = [&](const View& value, const Random&) {
                                         std::copy(values.begin(), values.end(), value.data);
                                       }});
  store.commit({});
  Tape tape;
  const Tensor y = max_pool(x, options);
  std::vector<float> dy(static_cast<std::size_t>(y.size()));
  std::iota(dy.begin(), dy.end(), 1.0f);
  tape.backward(linear(y.reshape({1, y.size()}), Tensor(Shape{1, y.size()}, dy)));
  return {x.gradient.data, x.gradient.data + x.gradient.size()};
}

// Case 18 (d).
TEST_CASE("max_pool: NaN comes out, and has the gradient") {
  for (std::size_t i = 0; i < 4; ++i) {
    std::vector<float> values{3, 1, 2, 4}, expected(4, 0.0f);
    values[i] = NAN;
    expected[i] = 1;
    CHECK(std::isnan(pooled({1, 2, 2, 1}, values, {})[0]));
    CHECK(gradient({1, 2, 2, 1}, values, {}) == expected);
  }
}

// Case 18 (e).
TEST_CASE("max_pool: of equals the first has the whole gradient") {
  CHECK(gradient({1, 2, 2, 1}, {5, 5, 5, 5}, {}) == std::vector<float>{1, 0, 0, 0});
  CHECK(gradient({1, 2, 2, 1}, {4, 5, 5, 5}, {}) == std::vector<float>{0, 1, 0, 0});
  // Two windows share the middle column; the second begins with it.
  CHECK(gradient({1, 1, 3, 1}, {7, 7, 7}, {.kernel = {1, 2}, .stride = 1}) == std::vector<float>{1, 2, 0});
  CHECK(gradient({1, 1, 3, 1}, {1, 7, 7}, {.kernel = {1, 2}, .stride = 1}) == std::vector<float>{0, 3, 0});
}

}  // namespace
}  // namespace temper
