#include "apps/reproduce/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace temper::reproduce {
namespace {

using Values = std::vector<double>;

// For 1 and 2 degrees of freedom there is a formula; the others are scipy.stats.t.ppf(0.975, freedom) and, for very many, the first two
// terms of the series about the normal quantile.
TEST_CASE("reproduce statistics: quantiles of Student's t") {
  CHECK(student_t(1) == doctest::Approx(std::tan(0.475 * std::numbers::pi)).epsilon(1e-12));
  CHECK(student_t(2) == doctest::Approx(0.95 * std::sqrt(2 / (1 - 0.95 * 0.95))).epsilon(1e-12));
  CHECK(student_t(3.7) == doctest::Approx(2.8675207071912086).epsilon(1e-12));
  CHECK(student_t(30) == doctest::Approx(2.0422724563012373).epsilon(1e-12));
  CHECK(student_t(1e6) == doctest::Approx(1.95996635681).epsilon(1e-10));
}

TEST_CASE("reproduce statistics: means and their standard errors") {
  CHECK(mean(Values{1, 2, 6}) == 3);
  CHECK(standard_error(Values{1, 2, 6}) == doctest::Approx(std::sqrt(14.0 / 2 / 3)));
  CHECK(std::isnan(standard_error(Values{1})));
}

// By hand: sums of squares 2 and 8 with two degrees of freedom each, so the variance of a seed is 2.5, and of the difference 2.5 (1/3 +
// 1/3).
TEST_CASE("reproduce statistics: Student's interval") {
  const Difference d = difference(Values{4, 5, 6}, Values{0, 2, 4}, 99);
  CHECK(d.value == 3);
  const double half = student_t(4) * std::sqrt(2.5 * 2 / 3);
  CHECK(d.lower == doctest::Approx(3 - half));
  CHECK(d.upper == doctest::Approx(3 + half));
  CHECK(above(d) == Verdict::undecided);
  CHECK(above(difference(Values{4, 5, 6}, Values{-9, -9, -9}, 0)) == Verdict::confirmed);
  CHECK(above(difference(Values{-9, -9, -9}, Values{4, 5, 6}, 0)) == Verdict::not_confirmed);
}

TEST_CASE("reproduce statistics: how far seeds differ may be taken from more samples, and serves single seeds") {
  const std::vector<Values> alike{{4, 6}, {0, 2}, {7}, {10, 11, 12}};  // 2 + 2 + 0 + 2 with 1 + 1 + 0 + 2 degrees of freedom
  const Difference d = difference(Values{4, 6}, Values{7}, 99, alike);
  const double half = student_t(4) * std::sqrt(6.0 / 4 * (1.0 / 2 + 1));
  CHECK(d.lower == doctest::Approx(-2 - half));
  CHECK(d.upper == doctest::Approx(-2 + half));
  CHECK(d.test.find("3 samples (4 degrees of freedom)") != std::string::npos);
  const std::vector<Values> nothing_known{{7}, {}};
  CHECK(difference(Values{8}, Values{7}, 0.1, nothing_known).test.find("one seed") != std::string::npos);
}

TEST_CASE("reproduce statistics: one seed has the sampling of its images alone, equal seeds have no spread") {
  const Difference one = difference(Values{0.9}, Values{0.8}, 0.01);
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
