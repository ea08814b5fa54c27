#include "data/tables/csv.h"

#include <charconv>

namespace temper::data {
namespace {

// A spreadsheet computes what begins so.
bool looks_like_formula(std::string_view text) {
  if (text.empty() || std::string_view("=+-@\t\r").find(text[0]) == text.npos) return false;
  const std::string_view number = text.substr(text[0] == '+' ? 1 : 0);
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  return error != std::errc() || end != number.data() + number.size();
}

}  // namespace

std::string csv_field(std::string_view name) {
  const std::string text = looks_like_formula(name) ? "'" + std::string(name) : std::string(name);
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

}  // namespace temper::data
