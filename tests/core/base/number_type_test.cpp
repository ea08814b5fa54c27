#include "core/base/number_type.h"

#include <doctest/doctest.h>

#include <cmath>
#include <span>
#include <string_view>

namespace temper {
namespace {

TEST_CASE("number types: halves, big-endian numbers, and what is none") {
  const auto value = [](const char* name, std::string_view bytes) {
    double number = 0;
    numpy_type(name)->decode(bytes, std::span(&number, 1));
    return number;
  };
  CHECK(value("<f2", std::string_view("\x00\x3c", 2)) == 1);
  CHECK(value("<f2", std::string_view("\x00\xfc", 2)) == -INFINITY);
  CHECK(value(">f2", std::string_view("\x00\x01", 2)) == std::ldexp(1, -24));
  CHECK(value("<i1", "\xff") == -1);
  CHECK(value("|b1", "\x01") == 1);
  CHECK(value(">f8", std::string_view("\x3f\xf0\0\0\0\0\0\0", 8)) == 1);
  float number = 0;
  safetensors_type("BF16")->decode(std::string_view("\x80\x3f", 2), std::span(&number, 1));
  CHECK(number == 1);
  for (const char* none : {"<c8", "<U3", "|O", "f4", "", "<f16", "<M8[ns]"}) CHECK_FALSE(numpy_type(none));
  CHECK_FALSE(safetensors_type("F8_E4M3"));
}

}  // namespace
}  // namespace temper
