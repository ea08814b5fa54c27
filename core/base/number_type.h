// The number types of binary files, and how they are decoded.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace temper {

struct NumberType {
  enum class Kind { real, whole };  // whole: integers and booleans
  Kind kind = Kind::real;
  std::size_t bytes = 4;
  bool swapped = false;                                  // big-endian
  double (*value)(const char* little_endian) = nullptr;  // integers beyond 2^53 are rounded

  // Number: float or double.
  template <class Number> void decode(std::span<const char> stored, std::span<Number> values) const {
    std::array<char, 8> turned{};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const char* at = stored.data() + i * bytes;
      if (swapped) {
        std::reverse_copy(at, at + bytes, turned.begin());
        at = turned.data();
      }
      values[i] = static_cast<Number>(value(at));
    }
  }
};

// By NumPy's names: "<f4", ">i8", "|b1", "=f8", ...; empty for an unknown type and for one that is not real.
std::optional<NumberType> numpy_type(std::string_view name);
// By safetensors' names: "F32", "BF16", "I64", ...
std::optional<NumberType> safetensors_type(std::string_view name);

}  // namespace temper
