#include "core/ops/max_pool.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/engine/tape.h"
#include "core/kernels/max_pool.h"
#include "core/kernels/simd_targets.h"
#include "core/ops/linear.h"
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
    for (const Shape& x : {Shape{2, 5, 7, 3}, Shape{1, 6, 4, 1}, Shape{13, 3, 4, 2}}) {
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

// The definition, one output at a time: the value, and the element of x that has the gradient.
struct Winners {
  std::vector<float> values;
  std::vector<Index> places;
};
Winners find_winners(const Shape& x, const std::vector<float>& values, const Shape& y, const MaxPoolOptions& options) {
  const Size2 kernel = options.kernel, stride = options.stride.value_or(kernel), padding = options.padding;
  Winners winners;
  for (Index i = 0; i < y.size(); ++i) {
    const Index C = y[3], c = i % C, q = i / C % y[2], p = i / C / y[2] % y[1], n = i / C / y[2] / y[1];
    Index best = -1;
    for (Index h = p * stride.h - padding.h; h < p * stride.h - padding.h + kernel.h; ++h) {
      for (Index w = q * stride.w - padding.w; w < q * stride.w - padding.w + kernel.w; ++w) {
        if (h < 0 || h >= x[1] || w < 0 || w >= x[2]) continue;
        const Index place = ((n * x[1] + h) * x[2] + w) * C + c;
        const auto at = [&](Index k) { return values[static_cast<std::size_t>(k)]; };
        if (best < 0 || (!std::isnan(at(best)) && (at(place) > at(best) || std::isnan(at(place))))) best = place;
      }
    }
    winners.places.push_back(best);
    winners.values.push_back(values[static_cast<std::size_t>(best)]);
  }
  return winners;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

void check_winners(const Shape& shape, const MaxPoolOptions& options) {
  constexpr float kFew[] = {-1, -0.0f, 0, 2, 2, NAN, -INFINITY, 1};  // equals, zeros of both signs, NaN
  const Random random(3, {});
  std::vector<float> values(static_cast<std::size_t>(shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = kFew[static_cast<std::size_t>(8 * random.uniform(i))];

  const Tensor evaluated = max_pool(Tensor(shape, values), options);
  const Winners expected = find_winners(shape, values, evaluated.shape(), options);
  CHECK(same_bits(evaluated.values(), expected.values));
  {
    const Tape tape;
    CHECK(same_bits(max_pool(Tensor(shape, values), options).values(), expected.values));
  }
  std::vector<float> dx(values.size(), 0.0f);
  for (std::size_t i = 0; i < expected.places.size(); ++i) dx[static_cast<std::size_t>(expected.places[i])] += static_cast<float>(i + 1);
  CHECK(same_bits(gradient(shape, values, options), dx));
}

// A thread's rows end where those of another begin.
TEST_CASE("max_pool: nothing is written behind the end of the outputs, on every instruction set") {
  constexpr Index kBehind = 40;
  constexpr float kUntouched = -123;
  for (const SimdTarget& target : simd_targets()) {
    const ForcedSimdTarget forced(target);
    for (const Index C : {1, 2, 3, 5, 7, 16, 21}) {
      for (const Index count : {1, 2, 3, 6, 11, 16, 31}) {
        CAPTURE(target.name);
        CAPTURE(C);
        CAPTURE(count);
        const Index size = count * C, row_size = 2 * size;
        std::vector<float> x(static_cast<std::size_t>(2 * row_size + kBehind)), y(static_cast<std::size_t>(size + kBehind), kUntouched);
        std::vector<float> winner = y;
        std::iota(x.begin(), x.end(), 0.0f);
        max_pool_run(max_pool_lanes(C, 2 * C), {.x = x.data(),
                                                .C = C,
                                                .count = count,
                                                .step = 2 * C,
                                                .rows = 2,
                                                .cols = 2,
                                                .row_size = row_size,
                                                .first_tap = 0,
                                                .tap_row = 2,
                                                .y = y.data(),
                                                .winner = winner.data(),
                                                .readable = x.data() + x.size(),
                                                .y_end = y.data() + size});
        for (Index i = 0; i < size + kBehind; ++i) {
          const Index last = row_size + i / C * 2 * C + C + i % C;  // the last tap holds the largest
          REQUIRE(y[static_cast<std::size_t>(i)] == (i < size ? static_cast<float>(last) : kUntouched));
          REQUIRE(winner[static_cast<std::size_t>(i)] == (i < size ? 3 : kUntouched));
        }
      }
    }
  }
}

TEST_CASE("max_pool: any number of channels and every instruction set give the same winners, with and without a tape") {
  const MaxPoolOptions list[] = {{},
                                 {.kernel = 3, .stride = 2, .padding = 1},
                                 {.kernel = 2, .stride = 1},
                                 {.kernel = {1, 2}, .stride = Size2{1, 3}},
                                 {.kernel = {3, 5}, .stride = Size2{2, 4}, .padding = {1, 2}},
                                 {.kernel = 2, .stride = 40}};
  for (const SimdTarget& target : simd_targets()) {
    const ForcedSimdTarget forced(target);
    for (const MaxPoolOptions& options : list) {
      for (const Index C : {1, 2, 3, 4, 5, 6, 7, 8, 13, 15, 16, 17, 33, 64}) {
        CAPTURE(target.name);
        CAPTURE(options.kernel);
        CAPTURE(C);
        check_winners({3, 7, 11, C}, options);
        check_winners({1, 5, 83, C}, options);
      }
    }
  }
}

}  // namespace
}  // namespace temper
