#include "models/runs/log_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/number_text.h"

namespace temper::runs {
namespace {

using calibration::kNotMeasured;
using calibration::Metric;
using training::EpochRecord;

std::string column_name(const Metric& metric) { return str_cat("val_", metric.key); }

struct Column {
  std::string_view name;
  double EpochRecord::*field;
};

constexpr Column kColumns[]{
    {"lr", &EpochRecord::learning_rate},
    {"train_loss", &EpochRecord::train_loss},
    {"train_accuracy", &EpochRecord::train_accuracy},
    {"seconds", &EpochRecord::seconds},
    {"images_per_second", &EpochRecord::samples_per_second},
    {"words_per_second", &EpochRecord::samples_per_second},
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
  if (field.empty()) return kNotMeasured;
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  TEMPER_CHECK(error == std::errc{} && end == field.data() + field.size(), where, " has '", field, "' where a number belongs",
               "; correct the line, or remove it");
  return value;
}

class Header {
 public:
  Header(std::string_view line, const std::string& file) {
    for (const std::string_view name : split(line, ',')) names_.push_back(trimmed(name));
    for (const char* required : {"epoch", "train_loss", "val_nll", "val_accuracy"}) {
      TEMPER_CHECK(position(required) < size(), file, ": line 1 has no column '", required,
                   "', so this is not the log of a run; correct it, or remove the file: the run can be read without it");
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
               "; correct the line, or remove it");
  const auto value = [&](std::string_view column) {
    const std::size_t position = header.position(column);
    return position < header.size() ? number(fields[position], where) : kNotMeasured;
  };
  const double epoch = value("epoch");
  TEMPER_CHECK(epoch >= 0 && epoch <= 1e9 && epoch == std::floor(epoch), where, " has epoch '", trimmed(fields[header.position("epoch")]),
               "', not a whole number; correct the line, or remove it");
  EpochRecord row{.epoch = static_cast<Index>(epoch),
                  .learning_rate = kNotMeasured,
                  .train_loss = kNotMeasured,
                  .train_accuracy = kNotMeasured,
                  .seconds = kNotMeasured,
                  .samples_per_second = kNotMeasured};
  for (const auto& [name, field] : kColumns)
    if (header.position(name) < header.size()) row.*field = value(name);
  for (const Metric& metric : calibration::kMetrics) row.val.*metric.value = value(column_name(metric));
  return row;
}

}  // namespace

void write_log(const std::string& folder, const std::vector<EpochRecord>& epochs, const std::string& unit) {
  const std::vector<Metric> metrics = calibration::log_columns();
  std::string text = "epoch,lr,train_loss,train_accuracy";
  for (const Metric& metric : metrics) text += "," + column_name(metric);
  text += ",seconds," + unit + "_per_second\n";
  for (const EpochRecord& epoch : epochs) {
    std::vector<double> values{epoch.learning_rate, epoch.train_loss, epoch.train_accuracy};
    for (const Metric& metric : metrics) values.push_back(epoch.val.*metric.value);
    values.insert(values.end(), {epoch.seconds, epoch.samples_per_second});
    text += std::to_string(epoch.epoch);
    for (const double value : values) text += "," + (std::isnan(value) ? "" : format_general(value));
    text += '\n';
  }
  write_file((std::filesystem::path(folder) / "log.csv").string(), text);
}

std::vector<EpochRecord> parse_log(std::string_view text, const std::string& file) {
  const std::vector<std::string_view> lines = split(text, '\n');
  const Header header(lines.front(), file);
  std::vector<EpochRecord> rows;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (trimmed(lines[i]).empty()) continue;
    const EpochRecord row = parse_row(header, lines[i], str_cat(file, ": line ", i + 1));
    while (!rows.empty() && rows.back().epoch >= row.epoch) rows.pop_back();
    rows.push_back(row);
  }
  return rows;
}

}  // namespace temper::runs
