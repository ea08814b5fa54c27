#include "core/base/number_text.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "core/base/random.h"

namespace temper {
namespace {

std::string printed(const char* format, double value) {
  char text[400];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

TEST_CASE("number text: fixed and general write what printf writes in the C locale") {
  const Random random(3, {});
  std::vector<double> values = {0, -0.0, 0.5, 0.00005, 1e-5, 123456, 1234567, 1e300, -2.5, 0.125, std::numeric_limits<double>::infinity()};
  for (std::uint64_t i = 0; i < 1000; ++i) values.push_back(random.normal(2 * i) * std::pow(10, random.normal(2 * i + 1) * 3));
  for (const double value : values) {
    CHECK(format_fixed(value, 4) == printed("%.4f", value));
    CHECK(format_general(value) == printed("%g", value));
  }
  CHECK(format_fixed(std::numeric_limits<double>::max(), 10) == printed("%.10f", std::numeric_limits<double>::max()));
  CHECK(format_fixed(-std::numeric_limits<double>::quiet_NaN(), 4) == "nan");
}

TEST_CASE("number text: percentages, and thousands apart") {
  CHECK(format_percent(0.97354) == "97.35 %");
  CHECK(format_percent(1) == "100.00 %");
  CHECK(format_count(0) == "0");
  CHECK(format_count(999) == "999");
  CHECK(format_count(61706) == "61,706");
  CHECK(format_count(-123456) == "-123,456");
  CHECK(format_count(1234567) == "1,234,567");
}

}  // namespace
}  // namespace temper
