#include "models/calibration/calibrators/minimize.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/base/check.h"

namespace temper::calibration {
namespace {

TEST_CASE("minimize: an ill-conditioned quadratic to machine precision") {
  // sum of 10^(i/3) (x_i - i)^2: a condition of 10^6.
  const auto f = [](std::span<const double> x, std::span<double> g) {
    double value = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double weight = std::pow(10.0, static_cast<double>(i) / 3), gap = x[i] - static_cast<double>(i);
      value += weight * gap * gap;
      g[i] = 2 * weight * gap;
    }
    return value;
  };
  std::vector<double> x(19, 0.0);
  const Minimized found = minimize(f, x, {.tolerance = 1e-10});
  CHECK(found.converged);
  CHECK(found.steps < 300);
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(std::abs(x[i] - static_cast<double>(i)) < 1e-9);
}

TEST_CASE("minimize: an estimate of the inverse Hessian saves steps, and a bad one costs no exactness") {
  const auto weight = [](std::size_t i) { return std::pow(10.0, static_cast<double>(i) / 3); };
  const auto f = [&](std::span<const double> x, std::span<double> g) {
    double value = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double gap = x[i] - static_cast<double>(i);
      value += weight(i) * (gap * gap + gap * gap * gap * gap / 4);
      g[i] = weight(i) * (2 * gap + gap * gap * gap);
    }
    return value;
  };
  std::vector<double> plain(19, 0.0), aided(19, 0.0), misled(19, 0.0);
  const Minimized without = minimize(f, plain, {.tolerance = 1e-9});
  const auto newton = [&](std::span<double> g) {
    for (std::size_t i = 0; i < g.size(); ++i) g[i] /= 2 * weight(i);
  };
  const Minimized with = minimize(f, aided, {.tolerance = 1e-9, .precondition = newton});
  CHECK(with.converged);
  CHECK(with.steps < without.steps / 2);
  const auto wrong = [&](std::span<double> g) {
    for (std::size_t i = 0; i < g.size(); ++i) g[i] *= i % 2 ? 1e-2 : 10;
  };
  CHECK(minimize(f, misled, {.tolerance = 1e-9, .precondition = wrong}).converged);
  for (std::size_t i = 0; i < aided.size(); ++i) {
    CHECK(std::abs(aided[i] - static_cast<double>(i)) < 1e-8);
    CHECK(std::abs(misled[i] - static_cast<double>(i)) < 1e-8);
  }
}

TEST_CASE("minimize: slopes decide where rounding hides the values") {
  // 1e8 + log cosh x: near the minimum all values are equal in double, the slope is not.
  const auto f = [](std::span<const double> x, std::span<double> g) {
    g[0] = std::tanh(x[0] - 1);
    return 1e8 + std::log(std::cosh(x[0] - 1));
  };
  std::vector<double> x{5};
  CHECK(minimize(f, x, {.tolerance = 1e-12}).converged);
  CHECK(std::abs(x[0] - 1) <= 1e-12);
}

TEST_CASE("minimize: says so when there is no minimum or too few steps") {
  const auto falling = [](std::span<const double> x, std::span<double> g) {
    g[0] = -std::exp(-x[0]);
    return std::exp(-x[0]);
  };
  std::vector<double> x{0};
  CHECK_FALSE(minimize(falling, x, {.tolerance = 1e-300, .most_steps = 5}).converged);
  CHECK(x[0] > 1);
  const auto linear = [](std::span<const double> at, std::span<double> g) {
    g[0] = 1;
    return at[0];
  };
  CHECK_FALSE(minimize(linear, x).converged);
}

TEST_CASE("minimize: a wall of infinity is stepped back from, a start on it is refused") {
  const auto barrier = [](std::span<const double> x, std::span<double> g) {  // x - log x, least at 1
    if (x[0] <= 0) return std::numeric_limits<double>::infinity();
    g[0] = 1 - 1 / x[0];
    return x[0] - std::log(x[0]);
  };
  std::vector<double> x{30};
  CHECK(minimize(barrier, x, {.tolerance = 1e-11}).converged);
  CHECK(x[0] == doctest::Approx(1).epsilon(1e-9));
  std::vector<double> outside{-1};
  CHECK_THROWS_AS(minimize(barrier, outside), Error);
}

}  // namespace
}  // namespace temper::calibration
