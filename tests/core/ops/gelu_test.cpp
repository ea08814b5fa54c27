#include "core/ops/gelu.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "core/engine/parameters.h"
#include "core/engine/tape.h"
#include "core/kernels/gelu.h"
#include "core/kernels/simd_targets.h"
#include "tests/check_op.h"

namespace temper {
namespace {

double reference_gelu(double x) { return x * 0.5 * std::erfc(-x / std::numbers::sqrt2); }

TEST_CASE("gelu") {
  for (const Shape& shape : {Shape{3, 5, 7, 2}, Shape{1}, Shape{}, Shape{0, 4}, Shape{5, 13}}) {
    for (const double range : {2.0, 9.0}) {
      CAPTURE(shape);
      check_op({.inputs = {shape},
                .op = [](auto x) { return gelu(std::move(x[0])); },
                .reference = [](auto x) { return reference::map(x[0], reference_gelu); },
                .tolerance = shape.size() == 1 ? 4e-6 : 1e-6,  // the only value may lie where the derivative is nearly 0
                .low = -range,
                .high = range});
    }
  }
}

TEST_CASE("gelu: PyTorch's values") {  // F.gelu(x), x in float64
  const float x[] = {-3, -1, 0, 0.5f, 2};
  const double expected[] = {-0.00404969409, -0.15865525393, 0, 0.34573123064, 1.95449973610};
  const Tensor y = gelu(Tensor(Shape{5}, x));
  for (int i = 0; i < 5; ++i) CHECK(y.data()[i] == doctest::Approx(expected[i]).epsilon(3e-7));
}

TEST_CASE("gelu: right to 2e-7 everywhere that matters, for every instruction set") {
  std::vector<float> x;
  for (int i = -2400; i <= 2400; ++i) x.push_back(static_cast<float>(i) / 120);
  std::vector<float> y(x.size()), dx(x.size());
  const std::vector<float> dy(x.size(), 1);
  for (const SimdTarget& target : simd_targets()) {
    CAPTURE(target.name);
    const ForcedSimdTarget forced(target);
    const auto size = static_cast<Index>(x.size());
    apply_gelu(x.data(), size, y.data());
    gelu_gradient(x.data(), dy.data(), size, dx.data(), false);
    double worst = 0, worst_slope = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double v = x[i], density = std::exp(-0.5 * v * v) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
      const double scale = std::max(1.0, std::fabs(v));
      worst = std::max(worst, std::fabs(y[i] - reference_gelu(v)) / scale);
      worst_slope = std::max(worst_slope, std::fabs(dx[i] - (0.5 * std::erfc(-v / std::numbers::sqrt2) + v * density)));
    }
    CHECK(worst < 2e-7);
    CHECK(worst_slope < 3e-7);
  }
}

TEST_CASE("gelu: far out, infinity and NaN") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float x[] = {-kInfinity, -3e38f, 3e38f, kInfinity, NAN};
  const float expected_y[] = {0, 0, 3e38f, kInfinity}, expected_dx[] = {0, 0, 1, 1};
  for (int i = 0; i < 4; ++i) {
    CAPTURE(x[i]);
    ParameterStore store;
    Parameter& input = store.root().declare(
        {.name = "x", .shape = Shape{1}, .initialize = [value = x[i]](const View& view, const Random&) { view[0] = value; }});
    store.commit({});
    Tape tape;
    const Tensor y = gelu(input);
    CHECK(y.item() == expected_y[i]);
    tape.backward(y);
    CHECK(input.gradient[0] == expected_dx[i]);
  }
  CHECK(std::isnan(gelu(Tensor(Shape{5}, x)).data()[4]));
}

}  // namespace
}  // namespace temper
