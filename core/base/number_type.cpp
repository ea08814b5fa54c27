#include "core/base/number_type.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace temper {
namespace {

static_assert(std::endian::native == std::endian::little, "the files are little-endian");

template <class T> T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

template <class T> double plain(const char* bytes) { return static_cast<double>(load<T>(bytes)); }

double half(const char* bytes) {
  const auto bits = load<std::uint16_t>(bytes);
  const int exponent = bits >> 10 & 0x1F, fraction = bits & 0x3FF;
  const double magnitude = exponent == 31
                               ? (fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN())
                           : exponent == 0 ? std::ldexp(fraction, -24)
                                           : std::ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -magnitude : magnitude;
}

double brain(const char* bytes) { return static_cast<double>(std::bit_cast<float>(std::uint32_t{load<std::uint16_t>(bytes)} << 16)); }

struct Named {
  std::string_view numpy, safetensors;
  NumberType::Kind kind;
  std::size_t bytes;
  double (*value)(const char*);
};

constexpr auto kReal = NumberType::Kind::real, kWhole = NumberType::Kind::whole;
constexpr std::array<Named, 13> kTypes{{{"f4", "F32", kReal, 4, plain<float>},
                                        {"f8", "F64", kReal, 8, plain<double>},
                                        {"f2", "F16", kReal, 2, half},
                                        {"", "BF16", kReal, 2, brain},
                                        {"i8", "I64", kWhole, 8, plain<std::int64_t>},
                                        {"i4", "I32", kWhole, 4, plain<std::int32_t>},
                                        {"i2", "I16", kWhole, 2, plain<std::int16_t>},
                                        {"i1", "I8", kWhole, 1, plain<std::int8_t>},
                                        {"u8", "U64", kWhole, 8, plain<std::uint64_t>},
                                        {"u4", "U32", kWhole, 4, plain<std::uint32_t>},
                                        {"u2", "U16", kWhole, 2, plain<std::uint16_t>},
                                        {"u1", "U8", kWhole, 1, plain<std::uint8_t>},
                                        {"b1", "BOOL", kWhole, 1, plain<std::uint8_t>}}};

}  // namespace

std::optional<NumberType> numpy_type(std::string_view name) {
  if (name.size() < 3) return std::nullopt;
  const char order = name.front();
  if (order != '<' && order != '>' && order != '=' && order != '|') return std::nullopt;
  for (const Named& type : kTypes)
    if (!type.numpy.empty() && type.numpy == name.substr(1)) return NumberType{type.kind, type.bytes, order == '>', type.value};
  return std::nullopt;
}

std::optional<NumberType> safetensors_type(std::string_view name) {
  for (const Named& type : kTypes)
    if (type.safetensors == name) return NumberType{type.kind, type.bytes, false, type.value};
  return std::nullopt;
}

}  // namespace temper
