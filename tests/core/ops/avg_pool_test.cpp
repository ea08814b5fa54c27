#include "core/ops/avg_pool.h"

#include <doctest/doctest.h>

#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

Array naive(const Array& x, const AvgPoolOptions& options) {
  const Size2 kernel = options.kernel, stride = options.stride.value_or(kernel), padding = options.padding;
  const Index H = x.shape[1], W = x.shape[2];
  Array y(Shape{x.shape[0], (H + 2 * padding.h - kernel.h) / stride.h + 1, (W + 2 * padding.w - kernel.w) / stride.w + 1, x.shape[3]});
  for (Index i = 0; i < y.size(); ++i) {
    const Index C = y.shape[3], c = i % C, q = i / C % y.shape[2], p = i / C / y.shape[2] % y.shape[1], n = i / C / y.shape[2] / y.shape[1];
    double count = 0;
    for (Index h = p * stride.h - padding.h; h < p * stride.h - padding.h + kernel.h; ++h) {
      for (Index w = q * stride.w - padding.w; w < q * stride.w - padding.w + kernel.w; ++w) {
        const bool inside = h >= 0 && h < H && w >= 0 && w < W;
        if (inside) y[i] += x.at(n, h, w, c);
        if (inside || options.count_padding) ++count;
      }
    }
    y[i] /= count;
  }
  return y;
}

TEST_CASE("avg_pool: kernels, strides, paddings and both divisors") {
  const AvgPoolOptions list[] = {{},
                                 {.kernel = 3},
                                 {.kernel = 3, .stride = 2, .padding = 1},
                                 {.kernel = 3, .stride = 1, .padding = 1},
                                 {.kernel = {2, 3}, .stride = Size2{3, 1}, .padding = {1, 0}},
                                 {.kernel = 1, .stride = 3},
                                 {.kernel = {5, 4}, .padding = 2}};
  for (AvgPoolOptions options : list) {
    for (const bool count_padding : {true, false}) {
      options.count_padding = count_padding;
      for (const Shape& x : {Shape{2, 5, 7, 3}, Shape{1, 6, 4, 1}, Shape{13, 3, 4, 2}}) {
        CAPTURE(x);
        CAPTURE(options.kernel);
        CAPTURE(count_padding);
        check_op({.inputs = {x},
                  .op = [&](auto t) { return avg_pool(std::move(t[0]), options); },
                  .reference = [&](auto a) { return naive(a[0], options); }});
      }
    }
  }
}

// PyTorch 1.13: F.avg_pool2d(torch.tensor([[[[1.,2],[3,6]]]]), 2, 2, 1, count_include_pad=True), and =False.
TEST_CASE("avg_pool: PyTorch's numbers") {
  const float values[] = {1, 2, 3, 6};
  const Tensor x(Shape{1, 2, 2, 1}, values);
  const auto pooled = [&](bool count_padding) {
    const Tensor y = avg_pool(x, {.kernel = 2, .stride = 2, .padding = 1, .count_padding = count_padding});
    return std::vector<float>(y.values().begin(), y.values().end());
  };
  CHECK(pooled(true) == std::vector<float>{0.25f, 0.5f, 0.75f, 1.5f});
  CHECK(pooled(false) == std::vector<float>{1, 2, 3, 6});
}

TEST_CASE("avg_pool: what does not fit is refused") {
  const Tensor x(Shape{1, 4, 4, 1});
  CHECK_THROWS_WITH_AS(avg_pool(x, {.kernel = 2, .padding = 2}), doctest::Contains("avg_pool: padding (2,2)"), Error);
  CHECK_THROWS_WITH_AS(avg_pool(x, {.kernel = 5}), doctest::Contains("avg_pool: a kernel (5,5)"), Error);
  CHECK_THROWS_WITH_AS(global_avg_pool(Tensor(Shape{4, 4})), doctest::Contains("global_avg_pool: an input (4,4)"), Error);
  CHECK_THROWS_WITH_AS(global_avg_pool(Tensor(Shape{4, 0, 4, 1})), doctest::Contains("global_avg_pool: an input (4,0,4,1)"), Error);
  CHECK(avg_pool(Tensor(Shape{0, 4, 4, 3}), {}).shape() == Shape{0, 2, 2, 3});
  CHECK(global_avg_pool(Tensor(Shape{0, 4, 4, 3})).shape() == Shape{0, 3});
}

TEST_CASE("global_avg_pool") {
  for (const Shape& shape : {Shape{3, 5, 7, 2}, Shape{2, 1, 1, 5}, Shape{1, 8, 8, 1}, Shape{13, 2, 3, 2}}) {
    CAPTURE(shape);
    check_op({.inputs = {shape},
              .op = [](auto t) { return global_avg_pool(std::move(t[0])); },
              .reference =
                  [](auto a) {
                    const Shape& x = a[0].shape;
                    Array y(Shape{x[0], x[3]});
                    const Index pixels = x[1] * x[2], C = x[3];
                    for (Index i = 0; i < a[0].size(); ++i) y[i / (pixels * C) * C + i % C] += a[0][i] / static_cast<double>(pixels);
                    return y;
                  }});
  }
}

TEST_CASE("global_avg_pool: a large image keeps its last digits") {
  const Index side = 1500;
  const std::vector<float> values(static_cast<std::size_t>(side * side), 0.1f);
  CHECK(global_avg_pool(Tensor(Shape{1, side, side, 1}, values)).data()[0] == 0.1f);
}

}  // namespace
}  // namespace temper
