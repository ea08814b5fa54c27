// Every algorithm that applies to a shape, on every instruction set of this machine, against the definition in double.
#include "core/kernels/convolution.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/engine/parallel.h"
#include "core/kernels/simd_targets.h"
#include "tests/restored.h"

namespace temper {
namespace {

std::vector<float> noise(Index count, std::uint64_t stream) {
  const Random random(5, {stream});
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(2 * random.uniform(i) - 1);
  return values;
}

struct Case {
  Index N, H, W, C, K;
  Window window;
  Index groups = 1;

  Shape x() const { return {N, H, W, C}; }
  Shape w() const { return {K, window.kernel.h, window.kernel.w, C / groups}; }
  Shape y() const {
    const Size2 output = window.output_size("test", x());
    return {N, output.h, output.w, K};
  }
  Convolution convolution() const { return {x(), w(), y(), window}; }
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.x() << " with " << c.w() << " stride " << c.window.stride << " padding " << c.window.padding << " dilation "
             << c.window.dilation << " groups " << c.groups;
}

// y, dx and dw; of a reference or of an algorithm.
template <class T> struct Results {
  std::vector<T> y, dx, dw;
  bool operator==(const Results&) const = default;
};

struct Inputs {
  std::vector<float> x, w, b, dy;
  explicit Inputs(const Case& c) : x(noise(c.x().size(), 1)), w(noise(c.w().size(), 2)), b(noise(c.K, 3)), dy(noise(c.y().size(), 4)) {}
};

Results<double> definition(const Case& c, const Inputs& inputs) {
  const Convolution g = c.convolution();
  const Index channels = g.C / g.groups;
  Results<double> results{std::vector<double>(inputs.dy.size()), std::vector<double>(inputs.x.size()),
                          std::vector<double>(inputs.w.size())};
  for (Index yi = 0; yi < c.y().size(); ++yi) {
    const Index k = yi % g.K, q = yi / g.K % g.Q, p = yi / (g.K * g.Q) % g.P, n = yi / (g.K * g.Q * g.P);
    const Size2 corner = g.window.corner(p, q);
    double sum = inputs.b[static_cast<std::size_t>(k)];
    const double dy = inputs.dy[static_cast<std::size_t>(yi)];
    for (Index tap = 0; tap < g.R * g.S; ++tap) {
      const Index h = corner.h + tap / g.S * g.window.dilation.h, v = corner.w + tap % g.S * g.window.dilation.w;
      if (h < 0 || h >= g.H || v < 0 || v >= g.W) continue;
      for (Index channel = 0; channel < channels; ++channel) {
        const auto xi = static_cast<std::size_t>(((n * g.H + h) * g.W + v) * g.C + k / (g.K / g.groups) * channels + channel);
        const auto wi = static_cast<std::size_t>((k * g.R * g.S + tap) * channels + channel);
        sum += static_cast<double>(inputs.x[xi]) * static_cast<double>(inputs.w[wi]);
        results.dx[xi] += dy * static_cast<double>(inputs.w[wi]);
        results.dw[wi] += dy * static_cast<double>(inputs.x[xi]);
      }
    }
    results.y[static_cast<std::size_t>(yi)] = sum;
  }
  return results;
}

Results<float> computed(const Case& c, const Inputs& inputs, Algorithm algorithm) {
  const Convolution g = c.convolution();
  constexpr float kHole = std::numeric_limits<float>::quiet_NaN();
  Results<float> results{std::vector<float>(inputs.dy.size(), kHole), std::vector<float>(inputs.x.size(), kHole),
                         std::vector<float>(inputs.w.size(), kHole)};
  convolve(algorithm, g, {inputs.x.data()}, inputs.w.data(), {.bias = inputs.b.data()}, results.y.data());
  convolution_input_gradient(algorithm, g, inputs.w.data(), inputs.dy.data(), results.dx.data(), false);
  convolution_kernel_gradient(algorithm, g, {inputs.x.data()}, inputs.dy.data(), results.dw.data(), false);
  return results;
}

double error_of(std::span<const float> actual, std::span<const double> expected) {
  double worst = 0, scale = 1e-3;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::fabs(static_cast<double>(actual[i]) - expected[i]);
    worst = std::isfinite(error) ? std::max(worst, error) : 1e30;
    scale = std::max(scale, std::fabs(expected[i]));
  }
  return worst / scale;
}

void check_close(const Results<float>& actual, const Results<double>& expected, double tolerance) {
  CHECK(error_of(actual.y, expected.y) < tolerance);
  CHECK(error_of(actual.dx, expected.dx) < tolerance);
  CHECK(error_of(actual.dw, expected.dw) < tolerance);
}

// One sum after another in float errs as the root of the number of terms. Winograd's sums are of numbers up to 100 times as large as its
// results; 1e-4 is what is promised, this what is seen and some room.
double tolerance_of(Algorithm algorithm, const Case& c) {
  if (algorithm == Algorithm::winograd) return 3e-5;
  const Convolution g = c.convolution();
  const Index terms = std::max({g.depth(), g.K * g.R * g.S, g.N * g.P * g.Q});
  return 1e-6 * std::max(1.0, std::sqrt(static_cast<double>(terms)) / 20);
}

void check_gradients_are_added(const Case& c, const Inputs& inputs, Algorithm algorithm, const Results<double>& expected) {
  const Convolution g = c.convolution();
  std::vector<float> dx(inputs.x.size(), 2.0f), dw(inputs.w.size(), -3.0f);
  convolution_input_gradient(algorithm, g, inputs.w.data(), inputs.dy.data(), dx.data(), true);
  convolution_kernel_gradient(algorithm, g, {inputs.x.data()}, inputs.dy.data(), dw.data(), true);
  for (float& value : dx) value -= 2.0f;
  for (float& value : dw) value += 3.0f;
  CHECK(error_of(dx, expected.dx) < 2 * tolerance_of(algorithm, c));
  CHECK(error_of(dw, expected.dw) < 2 * tolerance_of(algorithm, c));
}

// y = max(x * w + b + residual, 0), whatever the parts are computed in.
void check_epilogue(const Case& c, const Inputs& inputs, Algorithm algorithm, const Results<float>& plain) {
  const std::vector<float> residual = noise(c.y().size(), 5);
  std::vector<float> sum(residual.size()), rectified(residual.size());
  convolve(algorithm, c.convolution(), {inputs.x.data()}, inputs.w.data(), {inputs.b.data(), residual.data(), false}, sum.data());
  convolve(algorithm, c.convolution(), {inputs.x.data()}, inputs.w.data(), {inputs.b.data(), nullptr, true}, rectified.data());
  for (std::size_t i = 0; i < residual.size(); ++i) {
    REQUIRE(sum[i] == plain.y[i] + residual[i]);
    REQUIRE(rectified[i] == std::max(plain.y[i], 0.0f));
  }
}

// Returns the number of algorithms that apply.
int check_convolution(const Case& c) {
  const PoisonedPool poisoned;
  const int before = threads();
  CAPTURE(c);
  const Inputs inputs(c);
  const Results<double> expected = definition(c, inputs);
  int count = 0;
  for (const Algorithm algorithm : {Algorithm::im2col, Algorithm::direct, Algorithm::winograd}) {
    if (!applies(algorithm, c.convolution())) continue;
    ++count;
    CAPTURE(static_cast<int>(algorithm));
    for (const SimdTarget& target : simd_targets()) {
      CAPTURE(target.name);
      const ForcedSimdTarget forced(target);
      set_threads(1);
      const Results<float> actual = computed(c, inputs, algorithm);
      check_close(actual, expected, tolerance_of(algorithm, c));
      check_gradients_are_added(c, inputs, algorithm, expected);
      check_epilogue(c, inputs, algorithm, actual);
      for (const int several : {2, 3}) {
        set_threads(several);
        CHECK_MESSAGE(computed(c, inputs, algorithm) == actual, several, " threads compute other bits");
      }
    }
  }
  set_threads(before);
  return count;
}

TEST_CASE("convolution kernels: the machine's targets are found and used") {
  const std::vector<SimdTarget> targets = simd_targets();
  REQUIRE(!targets.empty());
  for (const SimdTarget& target : targets) {
    const ForcedSimdTarget forced(target);
    REQUIRE(simd_targets().size() >= 1);
    CHECK(simd_targets()[0].name == target.name);
  }
  CHECK(simd_targets().size() == targets.size());
}

TEST_CASE("convolution kernels: stride 1 at odd sizes, borders and paddings") {
  for (const Index kernel : {3, 5}) {
    for (const Index size : {1, 2, 4, 5, 7, 8, 9, 13}) {
      for (Index padding = 0; padding < kernel; ++padding) {
        if (size + 2 * padding < kernel) continue;
        const Index other = padding % 2 == 0 ? size + 3 : size;
        check_convolution({1 + size % 3, size, other, 16, padding == 1 ? 32 : 16, {kernel, 1, padding}});
      }
    }
    CHECK(check_convolution({2, 9, 6, 48, 16, {kernel, 1, {2, 1}}}) >= 2);
    CHECK(check_convolution({9, 8, 8, 64, 80, {kernel, 1, kernel / 2}}) >= 2);
    check_convolution({113, 4, 61, 16, 16, {kernel, 1, kernel / 2}});  // more blocks than partial sums of the kernels' gradient
  }
}

TEST_CASE("convolution kernels: first layers, strides, kernels and channels of all kinds") {
  for (const Index C : {1, 3, 6, 8, 17}) {
    for (const Index K : {1, 6, 8, 16, 24, 49}) {
      const Index stride = 1 + (C + K) % 3, kernel = 1 + (C * K) % 5;
      check_convolution({2, 11, 9, C, K, {kernel, stride, kernel / 2}});
      check_convolution({1, 7, 30, C, K, {{kernel, 3}, {1, stride}, {0, 1}}});
    }
  }
  check_convolution({2, 13, 13, 16, 32, {3, 2, 1}});
  check_convolution({2, 12, 12, 32, 48, {3, 2, 1}});
  check_convolution({1, 8, 9, 4, 4, {2, 3, 0}});  // pixels between the windows
  check_convolution({1, 8, 9, 4, 4, {1, 4, 3}});  // windows in the padding alone
  check_convolution({2, 5, 4, 3, 10, {{5, 4}, 1, {6, 5}}});
  check_convolution({2, 6, 6, 8, 8, {1, 1, 0}});
  check_convolution({2, 9, 9, 6, 8, {3, 1, 1, 2}, 2});
}

TEST_CASE("convolution kernels: an empty batch has gradients of 0") {
  for (const Case& c : {Case{0, 8, 8, 16, 16, {3, 1, 1}}, Case{0, 8, 8, 3, 5, {3, 2, 1}}}) check_convolution(c);
}

// What the plan chooses, and that it is what conv2d promises: an image alone or in a batch gets the same bits.
TEST_CASE("convolution kernels: an image's output and gradient do not depend on its batch, bit for bit") {
  for (const Case& batch : {Case{7, 9, 10, 16, 32, {3, 1, 1}}, Case{40, 8, 8, 64, 64, {3, 1, 1}}, Case{5, 12, 12, 16, 16, {5, 1, 2}},
                            Case{5, 15, 14, 3, 20, {3, 1, 1}}, Case{5, 16, 16, 16, 32, {3, 2, 1}}, Case{5, 9, 9, 4, 4, {3, 1, 1, 2}}}) {
    CAPTURE(batch);
    const Inputs inputs(batch);
    Case alone = batch;
    alone.N = 1;
    const Convolution g = batch.convolution(), one = alone.convolution();
    const Plan chosen = plan(g);
    CHECK(plan(one).forward == chosen.forward);
    CHECK(plan(one).input_gradient == chosen.input_gradient);
    const Results<float> all = computed(batch, inputs, chosen.forward);
    const auto x_size = alone.x().size(), y_size = alone.y().size();
    std::vector<float> y(static_cast<std::size_t>(y_size)), dx(static_cast<std::size_t>(x_size));
    for (Index n = 0; n < batch.N; ++n) {
      convolve(chosen.forward, one, {inputs.x.data() + n * x_size}, inputs.w.data(), {.bias = inputs.b.data()}, y.data());
      convolution_input_gradient(chosen.forward, one, inputs.w.data(), inputs.dy.data() + n * y_size, dx.data(), false);
      CHECK(std::equal(y.begin(), y.end(), all.y.data() + n * y_size));
      CHECK(std::equal(dx.begin(), dx.end(), all.dx.data() + n * x_size));
    }
  }
}

// The promise of 1e-4 at the channels of real networks, with inputs all of one sign, whose transforms cancel most.
TEST_CASE("convolution kernels: Winograd's error is within 1e-4 of the output's scale") {
  for (const Case& c : {Case{2, 16, 16, 64, 64, {3, 1, 1}}, Case{1, 8, 8, 256, 128, {3, 1, 1}}, Case{1, 12, 12, 64, 64, {5, 1, 2}}}) {
    CAPTURE(c);
    Inputs inputs(c);
    check_close(computed(c, inputs, Algorithm::winograd), definition(c, inputs), 2e-5);
    for (float& value : inputs.x) value = std::fabs(value);
    for (float& value : inputs.dy) value = std::fabs(value);
    for (float& value : inputs.w) value = std::fabs(value);
    check_close(computed(c, inputs, Algorithm::winograd), definition(c, inputs), 2e-5);
  }
}

}  // namespace
}  // namespace temper
