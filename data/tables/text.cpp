// Numbers as text, a row a line.

#include <algorithm>
#include <charconv>
#include <cmath>
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

// "0.5", " +1e-3", "\"2\"", "nan", "-inf".
bool parse_number(std::string_view field, double& number) {
  field = trimmed(field);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') field = trimmed(field.substr(1, field.size() - 2));
  if (field.starts_with('+')) field.remove_prefix(1);
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  return error == std::errc() && end == field.data() + field.size();
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
    if (trimmed(line).empty() || trimmed(line).front() == '#') return;
    if (separator_ == '\0') separator_ = detect_separator(trimmed(line));
    const std::size_t bad = parse(line);
    if (bad != kNone && rows_ == 0 && !heading_) {
      heading_ = true;
      TEMPER_CHECK(separator_ == ' ' || line.front() != separator_, file_, ": line ", number_,
                   ": the first column has no name, so it seems to be row numbers; write it without (pandas: index=False)");
      separator_ = '\0';
      return;
    }
    TEMPER_CHECK(bad == kNone, file_, ": line ", number_, ", column ", bad + 1, ": ", shown(bad_field_),
                 " is no number; write numbers only", separator_ == ';' ? ", with a point and not a comma" : "");
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

  // Fills values_; returns the column of the first field that is no number, or kNone.
  std::size_t parse(std::string_view line) {
    values_.clear();
    if (separator_ == ' ' || separator_ == '\t') line = separator_ == ' ' ? trimmed(line) : line.substr(0, line.find_last_not_of('\r') + 1);
    for (;;) {
      const std::size_t end = line.find(separator_);
      double number = 0;
      if (!parse_number(line.substr(0, end), number)) {
        bad_field_ = line.substr(0, end);
        return values_.size();
      }
      values_.push_back(number);
      if (end == std::string_view::npos) return kNone;
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
  for (;;) {
    const std::size_t kept = text.size();
    TEMPER_CHECK(kept <= kLongestLine, stream.name(), ": a line is longer than ", kLongestLine,
                 " bytes, so the file is no table; check it");
    text.resize(kept + kBlockBytes);
    const std::size_t count = stream.read(std::span(text).subspan(kept));
    text.resize(kept + count);
    if (count == 0) break;
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n', kept); end != std::string::npos; end = text.find('\n', begin)) {
      table.take_line(std::string_view(text).substr(begin, end - begin));
      begin = end + 1;
    }
    text.erase(0, begin);
  }
  if (!text.empty()) table.take_line(text);
  table.finish();
}

}  // namespace temper::data
