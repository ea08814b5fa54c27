#include "apps/report/notation.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace temper::report {
namespace {

constexpr std::string_view kNoBreakSpace = "\u00a0";
constexpr std::string_view kThinSpace = "\u202f";
constexpr std::string_view kNoValue = "–";

}  // namespace

std::string escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char letter : text) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        if ((letter >= 0 && letter < 0x20) || letter == 0x7f) {
          escaped += "\ufffd";
        } else {
          escaped += letter;
        }
    }
  }
  return escaped;
}

std::string decimal(double value, int digits) {
  if (!std::isfinite(value)) return std::string(kNoValue);
  if (std::abs(value) >= 1e6) return fmt::format("{:.2e}", value);
  std::string text = fmt::format("{:.{}f}", value, digits);
  if (text.find_first_not_of("-0.") == std::string::npos && text.front() == '-') text.erase(0, 1);  // "-0.0" is a rounding artefact
  return text;
}

std::string plain(double value) { return std::isfinite(value) ? fmt::format("{:.6g}", value) : std::string(kNoValue); }

std::string percent(double fraction, int digits) {
  if (!std::isfinite(fraction)) return std::string(kNoValue);
  return fmt::format("{}{}%", decimal(100 * fraction, digits), kNoBreakSpace);
}

int percent_digits(std::int64_t samples) { return samples > 2000 ? 2 : 1; }

std::string count(std::int64_t value) {
  std::string digits = fmt::format("{}", value);
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (std::size_t position = digits.size(); position > first + 3;) {
    position -= 3;
    digits.insert(position, kThinSpace);
  }
  return digits;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e12) return std::string(kNoValue);
  if (seconds < 99.95) return fmt::format("{:.1f}{}s", seconds, kNoBreakSpace);
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{}{}min {}{}s", whole / 60, kNoBreakSpace, whole % 60, kNoBreakSpace);
  return fmt::format("{}{}h {}{}min", whole / 3600, kNoBreakSpace, whole % 3600 / 60, kNoBreakSpace);
}

std::string date(std::string_view iso_time) {
  constexpr std::array kMonths{"January", "February", "March",     "April",   "May",      "June",
                               "July",    "August",   "September", "October", "November", "December"};
  const auto number = [&](std::size_t begin, std::size_t length) {
    int value = -1;
    const char* first = iso_time.data() + begin;
    const auto [end, error] = std::from_chars(first, first + length, value);
    return error == std::errc{} && end == first + length ? value : -1;
  };
  if (iso_time.size() < 10 || iso_time[4] != '-' || iso_time[7] != '-') return std::string(iso_time);
  const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > 31) return std::string(iso_time);
  return fmt::format("{} {} {}", day, kMonths[static_cast<std::size_t>(month - 1)], year);
}

}  // namespace temper::report
