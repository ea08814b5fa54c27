#include "core/base/number_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace temper {
namespace {

std::string to_text(double value, std::chars_format format, int precision) {
  if (std::isnan(value)) return "nan";  // whatever its sign
  std::array<char, 352> text;           // the largest double has 309 digits before the point
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, format, precision);
  return error == std::errc() ? std::string(text.data(), end) : "";
}

template <class Number> std::string to_shortest(Number value) {
  constexpr Number kLeastInDigits = Number(1e-4), kMostInDigits = Number(1e6);  // as streams and printf have it
  if (std::isnan(value)) return "nan";
  std::array<char, 64> text;
  const Number size = std::abs(value);
  const bool in_digits = size == 0 || (size >= kLeastInDigits && size < kMostInDigits);
  const auto end = in_digits ? std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr
                             : std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

}  // namespace

std::string shortest_text(double value) { return to_shortest(value); }
std::string shortest_text(float value) { return to_shortest(value); }

std::string format_fixed(double value, int digits) { return to_text(value, std::chars_format::fixed, digits); }
std::string format_general(double value) { return to_text(value, std::chars_format::general, 6); }
std::string format_percent(double fraction) { return std::isnan(fraction) ? "-" : format_fixed(100 * fraction, 2) + " %"; }

std::string format_count(Index count) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<Index>(digits.size()) - 3; at > (count < 0 ? 1 : 0); at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

std::string counted(Index count, std::string_view one, std::string_view many) {
  std::string text = format_count(count) + ' ';
  if (count == 1 || many.empty())
    text += one;
  else
    text += many;
  if (count != 1 && many.empty()) text += 's';
  return text;
}

}  // namespace temper
