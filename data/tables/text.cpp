// Numbers as text, a row a line.

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <vector>

#include "core/base/check.h"
#include "data/tables/table.h"

namespace temper::data {
namespace {

constexpr std::size_t kLongestLine = 64 << 20;
constexpr std::string_view kBlank = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string_view unquoted(std::string_view field) {
  field = trimmed(field);
  return field.size() >= 2 && field.front() == '"' && field.back() == '"' ? trimmed(field.substr(1, field.size() - 2)) : field;
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// A decimal number outside of what a double holds: whether it is above, not below. By the place of its first digit that is no zero, before
// the point (1 for 5.0, 0 for 0.5, -2 for 0.005), and its exponent.
bool is_above(std::string_view number) {
  double place = 0;
  bool after_point = false, begun = false;
  std::size_t at = 0;
  for (; at < number.size() && number[at] != 'e' && number[at] != 'E'; ++at) {
    after_point = after_point || number[at] == '.';
    if (!is_digit(number[at])) continue;
    begun = begun || number[at] != '0';
    if (begun && !after_point) ++place;
    if (!begun && after_point) --place;
  }
  double exponent = 0;
  const bool negative = at + 1 < number.size() && number[at + 1] == '-';
  for (++at; at < number.size(); ++at) {
    if (is_digit(number[at])) exponent = std::min(1e15, 10 * exponent + (number[at] - '0'));
  }
  return place + (negative ? -exponent : exponent) > 0;
}

// "0.5", " +1e-3", "\"2\"", "nan", "-inf". As in other languages, 1e-400 is 0 and 1e309 infinite.
bool parse_number(std::string_view field, double& number) {
  field = unquoted(field);
  if (field.starts_with('+') && field.size() > 1 && field[1] != '-') field.remove_prefix(1);
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (end != field.data() + field.size() || field.empty()) return false;
  if (error == std::errc::result_out_of_range)
    number = std::copysign(is_above(field) ? std::numeric_limits<double>::infinity() : 0.0, field.front() == '-' ? -1.0 : 1.0);
  return error == std::errc() || error == std::errc::result_out_of_range;
}

// What stands for a value that is not known, in the files of some programs.
bool is_missing(std::string_view field) {
  std::string text(unquoted(field).substr(0, 8));
  std::ranges::transform(text, text.begin(), [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return std::ranges::any_of(std::initializer_list<std::string_view>{"", "na", "n/a", "null", "none", "-", "?", "."},
                             [&](std::string_view word) { return text == word; });
}

// "# ...", but not what spreadsheets write for a value that they could not compute.
bool is_comment(std::string_view line) {
  constexpr std::string_view kErrors[] = {"#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!"};
  return line.starts_with('#') && std::ranges::none_of(kErrors, [&](std::string_view error) { return line.starts_with(error); });
}

// A word that names a column. What begins as a number ("0x10", "1.5.2", "1,000") was meant to be one.
bool is_name(std::string_view field) {
  field = unquoted(field);
  const std::size_t sign = !field.empty() && (field[0] == '+' || field[0] == '-' || field[0] == '.') ? 1 : 0;
  return !is_missing(field) && field.front() != '#' && !(sign < field.size() && is_digit(field[sign]));
}

// The separator of the numbers: the first of tab, semicolon and comma in the line, or else spaces.
char detect_separator(std::string_view line) {
  for (const char mark : {'\t', ';', ','})
    if (line.find(mark) != std::string_view::npos) return mark;
  return ' ';
}

// A field in an error message.
std::string shown(std::string_view field) {
  constexpr std::size_t kMost = 24;
  std::string text(trimmed(field).substr(0, kMost));
  std::replace_if(
      text.begin(), text.end(), [](char letter) { return letter < ' '; }, '?');
  return text.empty() ? "an empty field" : "\"" + text + "\"";
}

class TextTable {
 public:
  TextTable(const std::string& file, const RowSink& sink) : file_(file), sink_(sink) {}

  void take_line(std::string_view line) {
    ++number_;
    if (number_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);  // the byte order mark
    TEMPER_CHECK(line.find('\0') == std::string_view::npos, file_, ": line ", number_,
                 ": it holds a zero byte, so the file is not text; give .npy, .npz, .safetensors or a table as text");
    if (trimmed(line).empty() || is_comment(trimmed(line))) return;
    if (separator_ == '\0') separator_ = detect_separator(trimmed(line));
    const std::size_t bad = parse(line);
    if (bad != kNone && rows_ == 0 && !heading_) {
      TEMPER_CHECK(separator_ == ' ' || line.front() != separator_, file_, ": line ", number_,
                   ": the first column has no name, so it seems to be row numbers; write it without (pandas: index=False)");
      heading_ = is_heading(line);
      if (heading_) {
        separator_ = '\0';
        return;
      }
    }
    TEMPER_CHECK(bad == kNone, file_, ": line ", number_, ", column ", bad + 1, ": ", shown(bad_field_),
                 " is no number; write numbers only", separator_ == ';' ? ", with a point and not a comma" : "",
                 rows_ == 0 && !heading_ ? ", or a heading of names alone" : "");
    if (rows_ == 0) {
      columns_ = values_.size();
      sink_.begin(-1, static_cast<Index>(columns_));
    }
    TEMPER_CHECK(values_.size() == columns_, file_, ": line ", number_, ": ", values_.size(), " numbers, but the rows above have ",
                 columns_, "; give every row the same");
    sink_.row(rows_++, values_);
  }

  void finish() const { TEMPER_CHECK(rows_ > 0, file_, ": it has no row of numbers; check what was written"); }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  // Names alone, of which some may be missing.
  bool is_heading(std::string_view line) const {
    bool names = false;
    const bool no_numbers = for_each_field(line, [&](std::string_view field) {
      double number = 0;
      names = names || is_name(field);
      return (is_name(field) || is_missing(field)) && !parse_number(field, number);
    });
    return names && no_numbers;
  }

  // Fills values_; returns the column of the first field that is no number, or kNone.
  std::size_t parse(std::string_view line) {
    values_.clear();
    const bool whole = for_each_field(line, [&](std::string_view field) {
      double number = 0;
      if (!parse_number(field, number)) {
        bad_field_ = field;
        return false;
      }
      values_.push_back(number);
      return true;
    });
    return whole ? kNone : values_.size();
  }

  // Until `take` returns false; whether it never did.
  template <class Take> bool for_each_field(std::string_view line, Take take) const {
    if (separator_ == ' ' || separator_ == '\t') line = separator_ == ' ' ? trimmed(line) : line.substr(0, line.find_last_not_of('\r') + 1);
    for (;;) {
      const std::size_t end = line.find(separator_);
      if (!take(line.substr(0, end))) return false;
      if (end == std::string_view::npos) return true;
      line.remove_prefix(end + 1);
      if (separator_ == ' ') line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    }
  }

  const std::string& file_;
  const RowSink& sink_;
  Index number_ = 0, rows_ = 0;
  std::size_t columns_ = 0;
  char separator_ = '\0';
  bool heading_ = false;
  std::string_view bad_field_;
  std::vector<double> values_;
};

}  // namespace

void read_text(ByteStream& stream, const RowSink& sink) {
  TextTable table(stream.name(), sink);
  std::string text;
  bool after_return = false;  // the line begins behind a "\r"
  for (;;) {
    const std::size_t kept = text.size();
    TEMPER_CHECK(kept <= kLongestLine, stream.name(), ": a line is longer than ", kLongestLine,
                 " bytes, so the file is no table; check it");
    text.resize(kept + kBlockBytes);
    const std::size_t count = stream.read(std::span(text).subspan(kept));
    text.resize(kept + count);
    if (count == 0) break;
    std::size_t begin = 0;
    for (std::size_t end = text.find_first_of("\r\n", kept); end != std::string::npos; end = text.find_first_of("\r\n", begin)) {
      // "\n", "\r\n", and "\r" alone, as old Macs and some spreadsheets write it.
      if (!(text[end] == '\n' && end == begin && after_return)) table.take_line(std::string_view(text).substr(begin, end - begin));
      after_return = text[end] == '\r';
      begin = end + 1;
    }
    if (begin < text.size()) after_return = false;
    text.erase(0, begin);
  }
  if (!text.empty()) table.take_line(text);
  table.finish();
}

}  // namespace temper::data
