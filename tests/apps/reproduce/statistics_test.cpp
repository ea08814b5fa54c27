#include "apps/reproduce/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace temper::reproduce {
namespace {

using Values = std::vector<double>;

// Quantiles of scipy.stats.t.ppf(0.975, freedom).
TEST_CASE("reproduce statistics: quantiles of Student's t") {
  CHECK(student_t(1) == doctest::Approx(12.706204736432095).epsilon(1e-7));
  CHECK(student_t(2) == doctest::Approx(4.302652729911275).epsilon(1e-7));
  CHECK(student_t(3.7) == doctest::Approx(2.8675207071912086).epsilon(1e-7));
  CHECK(student_t(30) == doctest::Approx(2.0422724563012373).epsilon(1e-7));
  CHECK(student_t(1e6) == doctest::Approx(1.959966).epsilon(1e-5));
}

TEST_CASE("reproduce statistics: means and their standard errors") {
  CHECK(mean(Values{1, 2, 6}) == 3);
  CHECK(standard_error(Values{1, 2, 6}) == doctest::Approx(std::sqrt(14.0 / 2 / 3)));
  CHECK(std::isnan(standard_error(Values{1})));
}

// By hand: variances 1 and 4 of three values each, so the error of the difference is sqrt(5/3) and the freedom 25 / (1/2 + 16/2) = 2.941.
TEST_CASE("reproduce statistics: Welch's interval") {
  const Difference d = difference(Values{4, 5, 6}, Values{0, 2, 4}, 99);
  CHECK(d.value == 3);
  const double half = student_t(25.0 / 8.5) * std::sqrt(5.0 / 3);
  CHECK(d.lower == doctest::Approx(3 - half));
  CHECK(d.upper == doctest::Approx(3 + half));
  CHECK(above(d) == Verdict::undecided);
  CHECK(above(difference(Values{4, 5, 6}, Values{-9, -9, -9}, 0)) == Verdict::confirmed);
  CHECK(above(difference(Values{-9, -9, -9}, Values{4, 5, 6}, 0)) == Verdict::not_confirmed);
}

TEST_CASE("reproduce statistics: one seed has the sampling of its images alone, equal seeds have no spread") {
  const Difference one = difference(Values{0.9}, Values{0.8, 0.8}, 0.01);
  CHECK(one.lower == doctest::Approx(0.1 - 0.0196));
  CHECK(one.test.find("one seed") != std::string::npos);
  const Difference unknown = difference(Values{0.9}, Values{0.1}, 0);
  CHECK(unknown.value == doctest::Approx(0.8));
  CHECK(above(unknown) == Verdict::undecided);  // another seed may say the opposite
  const Difference equal = difference(Values{0.5, 0.5}, Values{0.5, 0.5}, 0);
  CHECK(equal.lower == 0);
  CHECK(equal.upper == 0);
  CHECK(above(equal) == Verdict::undecided);
  CHECK(accuracy_sampling(0.5, 0.5, 10000) == doctest::Approx(std::sqrt(0.5 / 10000)));
}

}  // namespace
}  // namespace temper::reproduce
