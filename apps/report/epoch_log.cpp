#include "apps/report/epoch_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/check.h"

namespace temper::report {
namespace {

struct Column {
  std::string_view name;
  double EpochRecord::*field;
  bool required;
};

constexpr std::array kColumns{
    Column{"lr", &EpochRecord::learning_rate, false},
    Column{"train_loss", &EpochRecord::train_loss, true},
    Column{"train_accuracy", &EpochRecord::train_accuracy, false},
    Column{"val_nll", &EpochRecord::val_nll, true},
    Column{"val_accuracy", &EpochRecord::val_accuracy, true},
    Column{"val_ece", &EpochRecord::val_ece, false},
    Column{"seconds", &EpochRecord::seconds, false},
    Column{"images_per_second", &EpochRecord::samples_per_second, false},
    Column{"words_per_second", &EpochRecord::samples_per_second, false},
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

// from_chars and not stod: stod reads "0,5" or "0.5" according to the locale of the program.
double number(std::string_view field, const std::string& where) {
  field = trimmed(field);
  if (field.empty()) return kNotANumber;
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  TEMPER_CHECK(error == std::errc{} && end == field.data() + field.size(), where, " has '", field, "' where a number belongs",
               "; remove the line or train again");
  return value;
}

class Header {
 public:
  Header(std::string_view line, const std::string& file) {
    for (const std::string_view name : split(line, ',')) names_.push_back(trimmed(name));
    TEMPER_CHECK(position("epoch") < size(), file, ": line 1 has no column 'epoch'; this is not the log of a run: train again");
    for (const Column& column : kColumns) {
      TEMPER_CHECK(!column.required || position(column.name) < size(), file, ": line 1 has no column '", column.name,
                   "'; this is not the log of a run: train again");
    }
  }

  std::size_t size() const { return names_.size(); }
  std::size_t position(std::string_view name) const { return static_cast<std::size_t>(std::ranges::find(names_, name) - names_.begin()); }

 private:
  std::vector<std::string_view> names_;
};

EpochRecord parse_row(const Header& header, std::string_view line, const std::string& where) {
  const std::vector<std::string_view> fields = split(line, ',');
  TEMPER_CHECK(fields.size() == header.size(), where, " has ", fields.size(), " fields, the header ", header.size(),
               "; remove the line or train again");
  EpochRecord row;
  const double epoch = number(fields[header.position("epoch")], where);
  TEMPER_CHECK(epoch >= 0 && epoch <= 1e9 && epoch == std::floor(epoch), where, " has epoch '", trimmed(fields[header.position("epoch")]),
               "', not a whole number; remove the line or train again");
  row.epoch = static_cast<int>(epoch);
  for (const Column& column : kColumns) {
    const std::size_t position = header.position(column.name);
    if (position < header.size()) row.*column.field = number(fields[position], where);
  }
  return row;
}

}  // namespace

std::vector<EpochRecord> parse_epoch_log(std::string_view text, const std::string& file) {
  const std::vector<std::string_view> lines = split(text, '\n');
  const Header header(lines.front(), file);
  std::vector<EpochRecord> rows;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (trimmed(lines[i]).empty()) continue;
    const EpochRecord row = parse_row(header, lines[i], concat(file, ": line ", i + 1));
    while (!rows.empty() && rows.back().epoch >= row.epoch) rows.pop_back();
    rows.push_back(row);
  }
  return rows;
}

}  // namespace temper::report
