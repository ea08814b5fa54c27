#include "layers/init.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/engine/parallel.h"

namespace temper {
namespace {

using namespace layers;

std::vector<float> draw(const Initializer& initialize, const Shape& shape, std::uint64_t seed = 5) {
  std::vector<float> values(static_cast<std::size_t>(shape.size()));
  initialize({values.data(), shape}, Random(seed, {1}));
  return values;
}

struct Moments {
  double mean = 0, stddev = 0, low = 0, high = 0;
  explicit Moments(const std::vector<float>& values) {
    const auto count = static_cast<double>(values.size());
    for (const float v : values) mean += static_cast<double>(v) / count;
    for (const float v : values) stddev += std::pow(static_cast<double>(v) - mean, 2) / count;
    stddev = std::sqrt(stddev);
    const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
    low = static_cast<double>(*smallest);
    high = static_cast<double>(*largest);
  }
};

const Shape kMatrix = {200, 300};           // K, D
const Shape kKernel = {100, 3, 5, 40};      // K, R, S, C: fan in 600, fan out 1500
constexpr double kStatisticalError = 0.02;  // of 60,000 draws: five standard errors are 0.02 of the deviation for the mean, 0.015 for it

// Normal with this deviation.
void check_normal(const Initializer& initialize, const Shape& shape, double stddev) {
  const Moments moments(draw(initialize, shape));
  CHECK(std::fabs(moments.mean) < kStatisticalError * stddev);
  CHECK(std::fabs(moments.stddev / stddev - 1) < kStatisticalError);
  CHECK(moments.high > 3.5 * stddev);
  CHECK(moments.low < -3.5 * stddev);
}

// Uniform in +-bound.
void check_uniform(const Initializer& initialize, const Shape& shape, double bound) {
  const Moments moments(draw(initialize, shape));
  CHECK(std::fabs(moments.mean) < kStatisticalError * bound);
  CHECK(std::fabs(moments.stddev * std::sqrt(3.0) / bound - 1) < kStatisticalError);
  CHECK(moments.high <= bound * (1 + 1e-6));
  CHECK(moments.high > bound * 0.999);
  CHECK(moments.low >= -bound * (1 + 1e-6));
  CHECK(moments.low < -bound * 0.999);
}

}  // namespace

TEST_CASE("init: fans of matrices and kernels") {
  CHECK(fans({200, 300}).in == 300);
  CHECK(fans({200, 300}).out == 200);
  CHECK(fans(kKernel).in == 3 * 5 * 40);
  CHECK(fans(kKernel).out == 3 * 5 * 100);
  CHECK_THROWS_AS(fans({10}), Error);
  CHECK_THROWS_AS(fans({}), Error);
}

TEST_CASE("init: constant, uniform, normal") {
  for (const float v : draw(constant(0.1f), {7})) CHECK(v == 0.1f);
  check_uniform(uniform(-0.3, 0.3), kMatrix, 0.3);
  const Moments shifted(draw(uniform(2, 3), kMatrix));
  CHECK(shifted.mean == doctest::Approx(2.5).epsilon(0.01));
  CHECK(shifted.low >= 2);
  CHECK(shifted.high <= 3);
  check_normal(normal(0.05), kMatrix, 0.05);
  for (const float v : draw(normal(0), {7})) CHECK(v == 0);
}

TEST_CASE("init: LeCun's keeps the variance 1 / fan in after the cut") {
  const Moments moments(draw(lecun_normal(), kKernel));
  const double stddev = 1 / std::sqrt(600.0);
  CHECK(std::fabs(moments.mean) < kStatisticalError * stddev);
  CHECK(std::fabs(moments.stddev / stddev - 1) < kStatisticalError);
  CHECK(moments.high <= 2.28 * stddev);
  CHECK(moments.low >= -2.28 * stddev);
}

TEST_CASE("init: dirac passes the first channels on, and leaves the filters beyond to another") {
  for (const Shape& shape : {Shape{5, 3, 3, 2}, Shape{2, 3, 3, 5}, Shape{3, 1, 5, 3}, Shape{2, 2, 2, 2}}) {
    CAPTURE(shape);
    const std::vector<float> values = draw(dirac(constant(7)), shape);
    std::size_t i = 0;
    for (Index k = 0; k < shape[0]; ++k) {
      for (Index r = 0; r < shape[1]; ++r) {
        for (Index s = 0; s < shape[2]; ++s) {
          for (Index c = 0; c < shape[3]; ++c) {
            const float identity = r == shape[1] / 2 && s == shape[2] / 2 && c == k ? 1 : 0;
            CHECK(values[i++] == (k < shape[3] ? identity : 7));
          }
        }
      }
    }
  }
  CHECK(draw(dirac(), kKernel).back() == draw(default_weight(), kKernel).back());
  CHECK_THROWS_AS(draw(dirac(), kMatrix), Error);
}

TEST_CASE("init: truncated normal is cut at two deviations by redrawing") {
  const std::vector<float> values = draw(truncated_normal(0.05), kMatrix);
  const Moments moments(values);
  CHECK(moments.high <= 0.1);
  CHECK(moments.high > 0.0995);
  CHECK(moments.low >= -0.1);
  CHECK(moments.low < -0.0995);
  CHECK(std::fabs(moments.mean) < kStatisticalError * 0.05);
  CHECK(moments.stddev == doctest::Approx(0.05 * 0.87962566).epsilon(0.0005));  // sqrt(1 - 4 phi(2) / (2 Phi(2) - 1))
  // Redrawn, not clamped: hardly any value lies in the last thousandth.
  const auto at_the_edge = std::count_if(values.begin(), values.end(), [](float v) { return std::fabs(v) > 0.0999f; });
  CHECK(at_the_edge < 60);
}

TEST_CASE("init: Kaiming") {
  check_normal(kaiming_normal(), kMatrix, std::sqrt(2.0 / 300));
  check_normal(kaiming_normal(), kKernel, std::sqrt(2.0 / 600));
  check_normal(kaiming_normal(0, Fan::out), kKernel, std::sqrt(2.0 / 1500));
  check_normal(kaiming_normal(1), kMatrix, std::sqrt(1.0 / 300));
  check_uniform(kaiming_uniform(), kMatrix, std::sqrt(6.0 / 300));
  check_uniform(kaiming_uniform(0, Fan::out), kKernel, std::sqrt(6.0 / 1500));
  check_uniform(kaiming_uniform(0.2), kKernel, std::sqrt(6.0 / 1.04 / 600));
}

TEST_CASE("init: Xavier") {
  check_normal(xavier_normal(), kMatrix, std::sqrt(2.0 / 500));
  check_normal(xavier_normal(), kKernel, std::sqrt(2.0 / 2100));
  check_uniform(xavier_uniform(), kMatrix, std::sqrt(6.0 / 500));
  check_uniform(xavier_uniform(), kKernel, std::sqrt(6.0 / 2100));
}

TEST_CASE("init: the defaults of PyTorch") {
  check_uniform(default_weight(), kMatrix, 1 / std::sqrt(300.0));
  check_uniform(default_weight(), kKernel, 1 / std::sqrt(600.0));
  check_uniform(default_bias(600), {60000}, 1 / std::sqrt(600.0));
}

TEST_CASE("init: values depend on the seed alone, not on the number of threads") {
  const int before = threads();
  for (const Initializer& initialize : {kaiming_normal(), truncated_normal(1), xavier_uniform()}) {
    set_threads(1);
    const std::vector<float> one = draw(initialize, kMatrix);
    set_threads(3);
    CHECK(draw(initialize, kMatrix) == one);
    CHECK(draw(initialize, kMatrix, 6) != one);
  }
  set_threads(before);
}

TEST_CASE("init: refuses what cannot be") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(normal(-1), Error);
  CHECK_THROWS_AS(normal(kNaN), Error);
  CHECK_THROWS_AS(truncated_normal(-1), Error);
  CHECK_THROWS_AS(uniform(1, -1), Error);
  CHECK_THROWS_AS(uniform(0, kNaN), Error);
  CHECK_THROWS_AS(kaiming_normal(kNaN), Error);
  CHECK_THROWS_AS(draw(kaiming_uniform(), {10}), Error);
}

}  // namespace temper
