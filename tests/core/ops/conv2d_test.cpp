#include "core/ops/conv2d.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/linear.h"
#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

// The definition: body(index in x, index in w, index in y) for every product.
template <class Body> void for_each_product(const Shape& x, const Shape& w, const Shape& y, const Conv2dOptions& options, Body body) {
  const Index H = x[1], W = x[2], C = x[3], K = w[0], group_inputs = w[3], group_outputs = K / options.groups;
  for (Index n = 0; n < y[0]; ++n) {
    for (Index p = 0; p < y[1]; ++p) {
      for (Index q = 0; q < y[2]; ++q) {
        for (Index k = 0; k < K; ++k) {
          for (Index r = 0; r < w[1]; ++r) {
            for (Index s = 0; s < w[2]; ++s) {
              const Index h = p * options.stride.h - options.padding.h + r * options.dilation.h;
              const Index v = q * options.stride.w - options.padding.w + s * options.dilation.w;
              if (h < 0 || h >= H || v < 0 || v >= W) continue;
              for (Index c = 0; c < group_inputs; ++c) {
                body(((n * H + h) * W + v) * C + k / group_outputs * group_inputs + c, ((k * w[1] + r) * w[2] + s) * group_inputs + c,
                     ((n * y[1] + p) * y[2] + q) * K + k);
              }
            }
          }
        }
      }
    }
  }
}

Index extent(Index input, Index kernel, Index stride, Index padding, Index dilation) {
  Index count = 0;
  for (Index start = -padding; start + dilation * (kernel - 1) < input + padding; start += stride) ++count;
  return count;
}

Array convolve(std::span<const Array> inputs, const Conv2dOptions& o) {
  const Array &x = inputs[0], &w = inputs[1];
  const Index K = w.shape[0];
  Array y(Shape{x.shape[0], extent(x.shape[1], w.shape[1], o.stride.h, o.padding.h, o.dilation.h),
                extent(x.shape[2], w.shape[2], o.stride.w, o.padding.w, o.dilation.w), K});
  if (inputs.size() == 3) {
    for (Index i = 0; i < y.size(); ++i) y[i] = inputs[2][i % K];
  }
  for_each_product(x.shape, w.shape, y.shape, o, [&](Index xi, Index wi, Index yi) { y[yi] += x[xi] * w[wi]; });
  return y;
}

void check_conv2d(const Shape& x, const Shape& w, bool bias, const Conv2dOptions& options, double tolerance = 1e-6) {
  CAPTURE(x);
  CAPTURE(w);
  CAPTURE(options.stride);
  CAPTURE(options.padding);
  CAPTURE(options.dilation);
  CAPTURE(options.groups);
  OpCheck check{.inputs = {x, w},
                .op = [&](auto t) { return conv2d(std::move(t[0]), std::move(t[1]), t.size() == 3 ? std::move(t[2]) : Tensor(), options); },
                .reference = [&](auto a) { return convolve(a, options); },
                .tolerance = tolerance,
                .low = -1,
                .high = 1};
  if (bias) check.inputs.push_back(Shape{w[0]});
  check_op(check);
}

TEST_CASE("conv2d: groups, strides, dilations and paddings") {
  for (const Index groups : {1, 2, 4}) {
    for (const Index stride : {1, 2, 3}) {
      for (const Index dilation : {1, 2}) {
        for (const Index padding : {0, 1, 2}) {
          check_conv2d({2, 6, 5, 4}, {4, 3, 2, 4 / groups}, stride == 2,
                       {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups});
        }
      }
    }
  }
}

// Winograd rounds sums of numbers that are up to 100 times as large as the results: core/kernels/convolution.h.
TEST_CASE("conv2d: minimal filtering") {
  check_conv2d({2, 5, 6, 16}, {16, 3, 3, 16}, true, {.padding = 1}, 2e-5);
  check_conv2d({1, 3, 4, 16}, {16, 5, 5, 16}, false, {.padding = 2}, 2e-5);
}

TEST_CASE("conv2d: heights and widths of their own") {
  check_conv2d({1, 4, 9, 2}, {3, 1, 7, 2}, false, {.padding = {0, 3}});
  check_conv2d({1, 9, 4, 2}, {3, 7, 1, 2}, true, {.padding = {3, 0}});
  check_conv2d({2, 7, 5, 3}, {2, 2, 3, 3}, true, {.stride = {3, 1}, .padding = {1, 0}, .dilation = {1, 2}});
  check_conv2d({1, 5, 7, 2}, {2, 3, 2, 2}, false, {.stride = {1, 2}, .padding = {0, 4}, .dilation = {2, 1}});
}

TEST_CASE("conv2d: kernels of one pixel, of the whole image, of one channel") {
  check_conv2d({3, 5, 3, 7}, {5, 1, 1, 7}, true, {});
  check_conv2d({2, 5, 3, 6}, {4, 1, 1, 3}, true, {.groups = 2});
  check_conv2d({2, 5, 3, 3}, {4, 1, 1, 3}, false, {.stride = 2});
  check_conv2d({2, 3, 3, 3}, {2, 1, 1, 3}, true, {.padding = 1});
  check_conv2d({2, 3, 4, 2}, {3, 3, 4, 2}, true, {});
  check_conv2d({1, 1, 1, 1}, {1, 3, 3, 1}, true, {.padding = 1});
  check_conv2d({3, 5, 5, 1}, {6, 3, 3, 1}, false, {.padding = 1});
  check_conv2d({1, 5, 4, 3}, {6, 2, 2, 1}, true, {.groups = 3});  // two outputs of every channel
}

TEST_CASE("conv2d: the fitting window is measured with its dilation") {
  check_conv2d({1, 5, 5, 1}, {1, 3, 3, 1}, false, {.dilation = 2});
  CHECK_THROWS_WITH_AS(conv2d(Tensor(Shape{1, 5, 4, 1}), Tensor(Shape{1, 3, 3, 1}), {}, {.dilation = 2}),
                       doctest::Contains("a kernel (3,3) with dilation (2,2) is larger than an input (1,5,4,1) with padding (0,0)"), Error);
}

// Values without a pattern in [-1,1).
std::vector<float> uniform_noise(Index count, std::uint64_t stream) {
  const Random random(5, {stream});
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(2 * random.uniform(i) - 1);
  return values;
}

// A convolution on a tape, with d loss / d y given.
struct Pass {
  ParameterStore store;
  Parameter *x, *w, *b = nullptr;
  std::vector<float> y;

  using Fill = std::function<float(Index)>;
  Pass(const Shape& x_shape, const Fill& x_fill, const Shape& w_shape, const Fill& w_fill, const Fill& b_fill, const Conv2dOptions& options,
       const Fill& dy) {
    x = &declare("x", x_shape, x_fill);
    w = &declare("w", w_shape, w_fill);
    if (b_fill) b = &declare("b", {w_shape[0]}, b_fill);
    store.commit({});
    Tape tape;
    const Tensor output = conv2d(*x, *w, b ? Tensor(*b) : Tensor(), options);
    y.assign(output.values().begin(), output.values().end());
    std::vector<float> gradient(y.size());
    for (std::size_t i = 0; i < y.size(); ++i) gradient[i] = dy(static_cast<Index>(i));
    const Shape row{1, output.size()};
    tape.backward(linear(output.reshape(row), Tensor(row, gradient)));
  }

 private:
  Parameter& declare(const char* name, const Shape& shape, const Fill& fill) {
    return store.root().declare({.name = name, .shape = shape, .initialize = [fill](const View& value, const Random&) {
                                   for (Index i = 0; i < value.size(); ++i) value[i] = fill(i);
                                 }});
  }
};

std::vector<float> values_of(const View& view) { return {view.data, view.data + view.size()}; }

double worst_error(std::span<const float> actual, const Array& expected) {
  REQUIRE(static_cast<Index>(actual.size()) == expected.size());
  double worst = 0, scale = 0;
  for (Index i = 0; i < expected.size(); ++i) {
    const double error = std::fabs(static_cast<double>(actual[static_cast<std::size_t>(i)]) - expected[i]);
    worst = std::isfinite(error) ? std::max(worst, error) : 1e30;
    scale = std::max(scale, std::fabs(expected[i]));
  }
  return worst / scale;
}

// Beyond check_op's sizes: several blocks an image, several partial sums of dw.
TEST_CASE("conv2d: images of several blocks") {
  struct Case {
    Shape x, w;
    Conv2dOptions options;
  };
  for (const Case& the :
       {Case{{3, 24, 25, 32}, {5, 3, 3, 32}, {.padding = 1}},
        Case{{2, 41, 43, 32}, {6, 5, 5, 16}, {.stride = 2, .padding = 2, .groups = 2}}, Case{{19, 25, 24, 8}, {4, 1, 1, 8}, {}}}) {
    const Shape &x_shape = the.x, &w_shape = the.w;
    const Conv2dOptions& options = the.options;
    CAPTURE(x_shape);
    const auto xs = uniform_noise(x_shape.size(), 1), ws = uniform_noise(w_shape.size(), 2), dys = uniform_noise(1 << 20, 3);
    const auto from = [](const std::vector<float>& values) { return [&](Index i) { return values[static_cast<std::size_t>(i)]; }; };
    const int before = threads();
    std::vector<std::vector<float>> results[3];
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      const Pass pass(
          x_shape, from(xs), w_shape, from(ws), [](Index k) { return static_cast<float>(k); }, options, from(dys));
      results[count - 1] = {pass.y, values_of(pass.x->gradient), values_of(pass.w->gradient), values_of(pass.b->gradient)};
    }
    set_threads(before);
    CHECK(results[0] == results[1]);
    CHECK(results[0] == results[2]);

    const auto array = [](const Shape& shape, const std::vector<float>& values) {
      Array a(shape);
      std::copy_n(values.begin(), shape.size(), a.values.begin());
      return a;
    };
    Array b(Shape{w_shape[0]});
    std::iota(b.values.begin(), b.values.end(), 0.0);
    const std::vector<Array> inputs{array(x_shape, xs), array(w_shape, ws), b};
    const Array y = convolve(inputs, options);
    const Array dy = array(y.shape, dys);
    Array dx(x_shape), dw(w_shape), db(b.shape);
    for_each_product(x_shape, w_shape, y.shape, options, [&](Index xi, Index wi, Index yi) {
      dx[xi] += dy[yi] * inputs[1][wi];
      dw[wi] += dy[yi] * inputs[0][xi];
    });
    for (Index i = 0; i < dy.size(); ++i) db[i % b.size()] += dy[i];
    CHECK(worst_error(results[0][0], y) < 1e-6);
    CHECK(worst_error(results[0][1], dx) < 1e-6);
    CHECK(worst_error(results[0][2], dw) < 1e-6);
    CHECK(worst_error(results[0][3], db) < 1e-6);
  }
}

// Case 17 (a): the last window does not reach column and row 31.
TEST_CASE("conv2d: input that no window reaches has the gradient 0") {
  const auto one = [](Index) { return 1.0f; };
  const Pass pass({1, 32, 32, 9}, one, {3, 5, 5, 9}, one, {}, {.stride = 3, .padding = 1}, one);
  CHECK(pass.y.size() == 10 * 10 * 3);
  const float period[] = {6, 3, 6};
  for (Index w = 0; w < 32; ++w) {
    const float expected = w == 31 ? 0 : w < 2 || w > 28 ? 3 : period[w % 3 == 2 ? 0 : w % 3 == 0 ? 2 : 1];
    for (Index c = 0; c < 9; ++c) CHECK(pass.x->gradient[w * 9 + c] == expected);
    for (Index c = 0; c < 9; ++c) CHECK(pass.x->gradient[(w * 32 + 31) * 9 + c] == 0);
    for (Index c = 0; c < 9; ++c) CHECK(pass.x->gradient[(31 * 32 + w) * 9 + c] == 0);
  }
}

// Case 17 (b).
TEST_CASE("conv2d: a stride that does not divide the width") {
  const auto one = [](Index) { return 1.0f; };
  const Pass pass(
      {1, 1, 6, 1}, [](Index i) { return static_cast<float>(i + 1); }, {1, 1, 3, 1}, one, {}, {.stride = 2}, one);
  CHECK(pass.y == std::vector<float>{6, 12});
  CHECK(values_of(pass.x->gradient) == std::vector<float>{1, 1, 2, 1, 1, 0});
}

// Case 17 (d), (e), and options out of range: refused by name, before any memory is taken.
TEST_CASE("conv2d: what does not fit is refused") {
  const Tensor image(Shape{1, 2, 2, 1}), kernel(Shape{1, 3, 3, 1}), image4(Shape{2, 5, 5, 4}), grouped(Shape{6, 3, 3, 1}),
      kernel4(Shape{8, 3, 3, 4}), bias(Shape{7}), scalar(Shape{});
  const std::size_t bytes = MemoryPool::shared().stats().bytes_in_use, peak = MemoryPool::shared().stats().peak_bytes_in_use;
  const auto refuses = [](const Tensor& x, const Tensor& w, const Tensor& b, const Conv2dOptions& options, const char* message) {
    CHECK_THROWS_WITH_AS(conv2d(x, w, b, options), doctest::Contains(message), Error);
  };
  refuses(image, kernel, {}, {}, "conv2d: a kernel (3,3) with dilation (1,1) is larger than an input (1,2,2,1) with padding (0,0)");
  refuses(image4, grouped, {}, {.groups = 4}, "conv2d: groups 4 do not divide the channels of an input (2,5,5,4) and the 6 outputs");
  refuses(image4, grouped, {}, {.groups = 0}, "groups 0");
  refuses(image4, grouped, {}, {}, "an input (2,5,5,4) does not fit kernels (6,3,3,1) in 1 groups; they must be (K,R,S,4)");
  refuses(image4, kernel4, bias, {}, "a bias (7) does not fit kernels (8,3,3,4)");
  refuses(image4, kernel4, scalar, {}, "a bias () does not fit");
  refuses(bias, kernel4, {}, {}, "an input (7) and kernels (8,3,3,4) do not fit");
  refuses(image4, kernel4, {}, {.stride = 0}, "stride (0,0) is not in 1..1048576");
  refuses(image4, kernel4, {}, {.stride = {1, -2}}, "stride (1,-2)");
  refuses(image4, kernel4, {}, {.padding = -1}, "padding (-1,-1) is not in 0..");
  refuses(image4, kernel4, {}, {.padding = Index{1} << 62}, "padding (4611686018427387904,");
  refuses(image4, kernel4, {}, {.dilation = 0}, "dilation (0,0)");
  CHECK(MemoryPool::shared().stats().bytes_in_use == bytes);
  CHECK(MemoryPool::shared().stats().peak_bytes_in_use == peak);
}

// Case 17 (f).
TEST_CASE("conv2d: an empty batch gives an empty output and gradients of 0") {
  const auto one = [](Index) { return 1.0f; };
  CHECK(conv2d(Tensor(Shape{0, 5, 5, 2}), Tensor(Shape{3, 3, 3, 2})).shape() == Shape{0, 3, 3, 3});
  const Pass pass({0, 5, 5, 2}, one, {3, 3, 3, 2}, one, one, {}, one);
  for (const float gradient : values_of(pass.w->gradient)) CHECK(gradient == 0);
  for (const float gradient : values_of(pass.b->gradient)) CHECK(gradient == 0);
}

TEST_CASE("conv2d: an image's output does not depend on its batch, bit for bit") {
  const Tensor w(Shape{7, 3, 3, 5}, uniform_noise(7 * 3 * 3 * 5, 1));
  const Index image = 13 * 11 * 5, batch = 5;
  const std::vector<float> values = uniform_noise(batch * image, 2);
  const Tensor all = conv2d(Tensor(Shape{batch, 13, 11, 5}, values), w, {}, {.padding = 1});
  for (Index n = 0; n < batch; ++n) {
    const Tensor alone =
        conv2d(Tensor(Shape{1, 13, 11, 5}, std::span(values).subspan(static_cast<std::size_t>(n * image), image)), w, {}, {.padding = 1});
    CHECK(std::equal(alone.values().begin(), alone.values().end(), all.data() + n * alone.size()));
  }
}

TEST_CASE("conv2d: NaN in the input reaches the outputs that see it") {
  std::vector<float> values(25, 1.0f);
  values[12] = NAN;
  const std::vector<float> ones(9, 1.0f);
  const Tensor y = conv2d(Tensor(Shape{1, 5, 5, 1}, values), Tensor(Shape{1, 3, 3, 1}, ones), {}, {.stride = 2, .padding = 1});
  const bool sees[] = {false, false, false, false, true, false, false, false, false};
  for (Index i = 0; i < 9; ++i) CHECK(std::isnan(y.data()[i]) == sees[i]);
}

// PyTorch 1.13, whose axes are (N,C,H,W):
//   x = (torch.arange(2*7*6*4) % 11 - 5).float().reshape(2,7,6,4).permute(0,3,1,2)
//   w = (torch.arange(6*3*2*2) % 7 - 3).float().reshape(6,3,2,2).permute(0,3,1,2);  b = torch.arange(6).float()
//   y = F.conv2d(x, w, b, stride=(2,1), padding=(1,0), dilation=(1,2), groups=2).permute(0,2,3,1).reshape(-1)
//   (y * (torch.arange(len(y)) % 5 - 2)).sum().backward()
TEST_CASE("conv2d: PyTorch's numbers") {
  const auto integers = [](Index period, Index middle) { return [=](Index i) { return static_cast<float>(i % period - middle); }; };
  const Pass pass(
      {2, 7, 6, 4}, integers(11, 5), {6, 3, 2, 2}, integers(7, 3), [](Index k) { return static_cast<float>(k); },
      {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}, .groups = 2}, integers(5, 2));
  CHECK(pass.y.size() == 2 * 4 * 4 * 6);
  const std::vector<float> y{-13, 9, 45, -23, 4, 24, -9, -6, 11, 18, -18, 16, 6, 23, -23, 4, 26, -36, -12, 30, 9, 12, -18, 22};
  const std::vector<float> dx{-1, -4, 6, 7, -4, -4, 6, 5, -14, 0, -3, -5, 1, 9, -14, -15, -1, 2, 4, 1, 7, 1, 3, 3};
  const std::vector<float> dw{13, 21,  11, -3,  9,  6, -4, 15, -15, -8, -14, -18, -15, -8, -14, -18, 4,   3,   -4, 6,  17, -27, 6,   17,
                              17, -27, 6,  17,  -1, 0, -4, -3, 9,   24, -14, 12,  6,   10, 16,  9,   -22, -8,  13, -6, 4,  7,   -5,  -24,
                              4,  7,   -5, -24, 5,  5, 5,  -6, 7,   4,  -6,  13,  7,   4,  -6,  13,  -8,  -22, 12, 9,  10, 6,   -22, -15};
  CHECK(std::equal(y.begin(), y.end(), pass.y.begin()));
  CHECK(std::equal(dx.begin(), dx.end(), pass.x->gradient.data));
  CHECK(values_of(pass.w->gradient) == dw);
  CHECK(values_of(pass.b->gradient) == std::vector<float>{-3, -1, 1, 3, 0, -3});
}

}  // namespace
}  // namespace temper
