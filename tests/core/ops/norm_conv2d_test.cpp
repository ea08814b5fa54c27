#include "core/ops/norm_conv2d.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/engine/parallel.h"
#include "core/engine/parameters.h"
#include "core/engine/tape.h"
#include "core/kernels/simd_targets.h"
#include "core/ops/batch_norm.h"
#include "core/ops/conv2d.h"
#include "core/ops/elementwise.h"
#include "core/ops/mean.h"
#include "tests/check_op.h"
#include "tests/core/ops/running.h"

namespace temper {
namespace {

using reference::Array;

// x normalised with mean 0 and variance 1, rectified, convolved: x, gamma, beta, w -> y.
Array definition(std::span<const Array> inputs, const Conv2dOptions& options, const Shape& y_shape) {
  const Array &x = inputs[0], &w = inputs[3];
  const Index H = x.shape[1], W = x.shape[2], C = x.shape[3], K = y_shape[3], channels = C / options.groups;
  Array y(y_shape);
  for (Index i = 0; i < y_shape.size(); ++i) {
    const Index k = i % K, q = i / K % y_shape[2], p = i / (K * y_shape[2]) % y_shape[1], n = i / (K * y_shape[2] * y_shape[1]);
    for (Index j = 0; j < w.shape[1] * w.shape[2] * channels; ++j) {
      const Index c = k / (K / options.groups) * channels + j % channels;
      const Index h = p * options.stride.h - options.padding.h + j / channels / w.shape[2];
      const Index v = q * options.stride.w - options.padding.w + j / channels % w.shape[2];
      if (h < 0 || h >= H || v < 0 || v >= W) continue;
      const double normalised = inputs[1][c] * x[((n * H + h) * W + v) * C + c] / std::sqrt(1.0 + 1e-5) + inputs[2][c];
      y[i] += std::max(0.0, normalised) * w[k * w.shape[1] * w.shape[2] * channels + j];
    }
  }
  return y;
}

struct NormConvCase {
  Shape x, w;
  Conv2dOptions options;
};

const std::vector<NormConvCase> kSmall = {{{1, 3, 2, 16}, {16, 3, 3, 16}, {.padding = 1}},  // Winograd
                                          {{2, 6, 5, 3}, {4, 3, 3, 3}, {.stride = 2}},      // direct
                                          {{2, 4, 5, 4}, {6, 3, 3, 2}, {.padding = 1, .groups = 2}}};
const std::vector<NormConvCase> kLarge = {{{5, 16, 13, 16}, {32, 3, 3, 16}, {.padding = 1}},
                                          {{2, 12, 12, 64}, {64, 5, 5, 64}, {.padding = 2}},
                                          {{3, 16, 15, 16}, {32, 3, 3, 16}, {.stride = 2, .padding = 1}},
                                          {{2, 4, 5, 4}, {6, 3, 3, 2}, {.padding = 1, .groups = 2}}};

TEST_CASE("norm_conv2d: forward and gradients, normalised with constants") {
  for (const NormConvCase& c : kSmall) {
    CAPTURE(c.x);
    CAPTURE(c.w);
    const Index C = c.x.last();
    Running running(C);
    const Shape y = convolved_shape("test", c.x, c.w, c.options);
    check_op({.inputs = {c.x, {C}, {C}, c.w},
              .op =
                  [&](std::span<Tensor> t) {
                    return norm_conv2d(t[0], t[1], t[2], running.views(), {.frozen = true, .relu = true}, t[3], c.options);
                  },
              .reference = [&](std::span<const Array> inputs) { return definition(inputs, c.options, y); },
              .tolerance = 2e-5});
  }
}

// Over the batch: the same numbers as the two ops one after the other, which are proved against their definition.
struct Step {
  ParameterStore store;
  Running running;
  std::vector<float> y;

  Step(const NormConvCase& c, bool fused) : running(c.x.last()) {
    const Index C = c.x.last();
    const auto declare = [&](const char* name, const Shape& shape) -> Parameter& {
      return store.root().declare({.name = name, .shape = shape, .initialize = [](const View& view, const Random& random) {
                                     for (Index i = 0; i < view.size(); ++i)
                                       view[i] = static_cast<float>(random.normal(static_cast<std::uint64_t>(i)));
                                   }});
    };
    Parameter &x = declare("x", c.x), &gamma = declare("gamma", {C}), &beta = declare("beta", {C}), &w = declare("w", c.w);
    Parameter& weights = declare("weights", convolved_shape("test", c.x, c.w, c.options));
    store.commit({.seed = 4});
    Tape tape;
    const BatchNormOptions norm{.relu = true};
    const Tensor output = fused ? norm_conv2d(x, gamma, beta, running.views(), norm, w, c.options)
                                : conv2d(batch_norm(x, gamma, beta, running.views(), norm), w, {}, c.options);
    y.assign(output.values().begin(), output.values().end());
    tape.backward(mean(multiply(output, weights)));
  }
};

TEST_CASE("norm_conv2d: without a tape it takes the running statistics and leaves them") {
  Running running(3);
  for (std::size_t c = 0; c < 3; ++c) running.mean[c] = 0.3f * static_cast<float>(c), running.variance[c] = 0.5f + static_cast<float>(c);
  const Running before = running;
  std::vector<float> values(2 * 5 * 4 * 3), kernels(2 * 3 * 3 * 3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 13) / 4 - 1;
  for (std::size_t i = 0; i < kernels.size(); ++i) kernels[i] = static_cast<float>(i % 7) / 8 - 0.3f;
  const std::vector<float> gammas = {1, 2, 0.5f}, betas = {0.1f, -0.2f, 0.3f};
  const Tensor x(Shape{2, 5, 4, 3}, values), w(Shape{2, 3, 3, 3}, kernels), gamma(Shape{3}, gammas), beta(Shape{3}, betas);
  const auto run = [&](bool frozen) {
    const Tensor y = norm_conv2d(x, gamma, beta, running.views(), {.frozen = frozen, .relu = true}, w, {.padding = 1});
    return std::vector<float>(y.values().begin(), y.values().end());
  };
  CHECK(run(false) == run(true));
  CHECK(running.mean == before.mean);
  CHECK(running.variance == before.variance);
}

TEST_CASE("norm_conv2d: over the batch it is batch_norm, then conv2d") {
  for (const NormConvCase& c : kLarge) {
    CAPTURE(c.x);
    const Step fused(c, true), separate(c, false);
    CHECK(fused.y == separate.y);
    CHECK(fused.running.mean == separate.running.mean);
    CHECK(fused.running.variance == separate.running.variance);
    const auto a = fused.store.gradients(), b = separate.store.gradients();
    CHECK(std::equal(a.begin(), a.end(), b.begin()));
  }
}

TEST_CASE("norm_conv2d: what does not fit is refused") {
  Running running(3);
  const Tensor x(Shape{1, 4, 4, 3}), gamma(Shape{3}), w(Shape{2, 3, 3, 3});
  CHECK_THROWS_AS(norm_conv2d(x, gamma, gamma, running.views(), {.relu = false}, w, {}), Error);
  CHECK_THROWS_AS(norm_conv2d(x, Tensor(Shape{2}), gamma, running.views(), {.relu = true}, w, {}), Error);
  CHECK_THROWS_AS(norm_conv2d(x, gamma, gamma, running.views(), {.relu = true}, Tensor(Shape{2, 3, 3, 2}), {}), Error);
}

}  // namespace
}  // namespace temper
