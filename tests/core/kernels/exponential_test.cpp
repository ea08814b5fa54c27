#include "core/kernels/exponential.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/base/random.h"

namespace temper {
namespace {

TEST_CASE("exponentials: those of the C library to two units in the last place, at any place of an array of any length") {
  const Random random(3, {});
  for (Index size = 0; size <= 40; ++size) {
    std::vector<double> x(static_cast<std::size_t>(size)), e(x.size() + 1, -1);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = -800 * std::pow(random.uniform(static_cast<std::uint64_t>(size) * 64 + i), 4);
    exponentials(x.data(), size, e.data());
    CHECK(e.back() == -1);  // nothing is written behind the end
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected = std::exp(x[i]);
      CHECK(std::abs(e[i] - expected) <= 2 * std::numeric_limits<double>::epsilon() * expected + std::numeric_limits<double>::min());
      double alone = x[i];
      exponentials(&alone, 1, &alone);
      CHECK(alone == e[i]);
    }
  }
}

TEST_CASE("exponentials: the ends of the range") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> e{0, -0.0, -1e-17, -1e-300, -746, -1e6, -1e300, -kInfinity, 1, 700};
  exponentials(e.data(), static_cast<Index>(e.size()), e.data());
  for (std::size_t i = 0; i < 4; ++i) CHECK(e[i] == 1);
  for (std::size_t i = 4; i < 8; ++i) CHECK(e[i] == 0);
  CHECK(e[8] == doctest::Approx(std::exp(1.0)).epsilon(1e-15));
  CHECK(e[9] == doctest::Approx(std::exp(700.0)).epsilon(1e-15));
}

}  // namespace
}  // namespace temper
