#include "apps/temper/terminal/number_option.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "core/base/check.h"
#include "core/base/number_text.h"

namespace temper::app {
namespace {

// As the options read it: decimal, the whole text.
std::optional<double> parse(std::string_view text, bool whole) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const char* const end = text.data() + text.size();
  double value = 0;
  std::int64_t integer = 0;
  const auto [stopped, error] = whole ? std::from_chars(text.data(), end, integer) : std::from_chars(text.data(), end, value);
  if (stopped != end || text.empty()) return std::nullopt;
  const bool too_large = error != std::errc();  // or too small: 1e-400
  return too_large ? std::numeric_limits<double>::quiet_NaN() : whole ? static_cast<double>(integer) : value;
}

std::string bound(double value) {
  return std::abs(value) < 1e15 && value == std::trunc(value) ? format_count(static_cast<Index>(value)) : str_cat(value);
}

std::string describe(const NumberRange& range) {
  const std::string what = range.whole ? "a whole number" : "a number";
  if (range.most == std::numeric_limits<double>::max())
    return str_cat("a finite ", what.substr(2), range.above_least ? " above " : " of at least ", bound(range.least));
  if (range.above_least) return str_cat(what, " above ", bound(range.least), ", at most ", bound(range.most));
  return str_cat(what, " from ", bound(range.least), " to ", bound(range.most));
}

}  // namespace

CLI::Option* in_range(CLI::Option* option, const NumberRange& range) {
  option->check([range](const std::string& text) {
    const std::optional<double> value = parse(text, range.whole);
    const bool allowed = value && *value <= range.most && (range.above_least ? *value > range.least : *value >= range.least);
    return allowed ? std::string() : str_cat(text, value ? " is not allowed; give " : " is no number for it; give ", describe(range));
  });
  return option;
}

}  // namespace temper::app
