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

TEST_CASE("number text: the shortest text tells two numbers apart, and reads back as the same one") {
  CHECK(shortest_text(0.1) == "0.1");
  CHECK(shortest_text(0.1f) == "0.1");
  CHECK(shortest_text(1.0000001f) == "1.0000001");
  CHECK(shortest_text(1.0) == "1");
  CHECK(shortest_text(100000.0) == "100000");
  CHECK(shortest_text(0.0001) == "0.0001");
  CHECK(shortest_text(5e-4f) == "0.0005");
  CHECK(shortest_text(1e6) == "1e+06");
  CHECK(shortest_text(0.0) == "0");
  CHECK(shortest_text(-0.5) == "-0.5");
  CHECK(shortest_text(1e-5) == "1e-05");
  CHECK(shortest_text(1e300) == "1e+300");
  CHECK(shortest_text(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(shortest_text(-std::numeric_limits<double>::quiet_NaN()) == "nan");
  CHECK(str_cat("smoothing ", 1.0000001, " of ", 1) == "smoothing 1.0000001 of 1");
  const Random random(4, {});
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const double value = random.normal(2 * i) * std::pow(10, random.normal(2 * i + 1) * 9);
    CHECK(std::stod(shortest_text(value)) == value);
  }
}

TEST_CASE("number text: one is one") {
  CHECK(counted(1, "epoch") == "1 epoch");
  CHECK(counted(0, "epoch") == "0 epochs");
  CHECK(counted(61706, "step") == "61,706 steps");
  CHECK(counted(1, "class", "classes") == "1 class");
  CHECK(counted(2, "class", "classes") == "2 classes");
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
