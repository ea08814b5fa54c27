#include "core/base/base64.h"

#include <algorithm>

#include "core/base/check.h"

namespace temper {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t taken = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 3; ++j) word = word << 8 | (j < taken ? bytes[i + j] : 0u);
    for (std::size_t j = 0; j < 4; ++j) text += j <= taken ? kDigits[word >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

std::vector<std::uint8_t> from_base64(std::string_view text) {
  TEMPER_CHECK(text.size() % 4 == 0, "base64 text of ", text.size(), " characters, which is no multiple of 4");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::size_t digits = i + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::size_t digit = j < digits ? kDigits.find(text[i + j]) : 0;
      TEMPER_CHECK(digit != std::string_view::npos, "character ", i + j, " is not of base64");
      word = word << 6 | static_cast<std::uint32_t>(digit);
    }
    TEMPER_CHECK((word & ((1u << (32 - 8 * digits)) - 1)) == 0 || digits == 4,
                 "the last characters of the base64 text are none that end one");
    for (std::size_t j = 0; j + 1 < digits; ++j) bytes.push_back(static_cast<std::uint8_t>(word >> (16 - 8 * j) & 255));
  }
  return bytes;
}

}  // namespace temper
