#include "apps/temper/calibration_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "apps/temper/metrics_text.h"
#include "core/file.h"
#include "data/tables/csv.h"

namespace temper::app {
namespace {

using calibration::Assessment;
using calibration::Metric;
using calibration::Metrics;

// In the order of the columns, which does not change: metrics that are not among these follow them.
std::vector<Metric> columns() {
  constexpr std::string_view kFirst[]{"accuracy",     "nll",        "brier", "ece",  "ace",  "classwise_ece",
                                      "debiased_ece", "smooth_ece", "mce",   "aurc", "auroc"};
  std::vector<Metric> columns = calibration::metrics_by_number();
  const auto place = [&](const Metric& metric) { return std::ranges::find(kFirst, metric.key); };
  std::ranges::stable_sort(columns, {}, place);
  return columns;
}

struct MethodRow {
  std::string name, method, status;
  bool kept = false;
  const Assessment* measured = nullptr;
  Index changed = 0;
};

// The last part of each path, or the paths as they were given where two would be the same.
std::vector<std::string> short_names(std::span<const Calibrated> all) {
  std::vector<std::string> given, last;
  for (const Calibrated& calibrated : all) {
    const auto path = std::filesystem::path(calibrated.name).lexically_normal();
    given.push_back(calibrated.name);
    last.push_back((path.has_filename() ? path : path.parent_path()).filename().string());
  }
  return std::set<std::string>(last.begin(), last.end()).size() == last.size() ? last : given;
}

std::vector<MethodRow> rows_of(const std::string& name, const calibration::CalibrationStudy& study) {
  std::vector<MethodRow> rows{{.name = name, .method = "none", .status = "", .measured = &study.trials.front().before}};
  for (const calibration::Trial& trial : study.trials) {
    const calibration::Fitted& fitted = trial.fitted;
    rows.push_back({.name = name,
                    .method = std::string(fitted.kind->name),
                    .status = std::string(calibration::to_string(fitted.status)),
                    .kept = fitted.kind == study.record.trial.fitted.kind,
                    .measured = trial.rejected ? &*trial.rejected : &trial.after,
                    .changed = trial.changed});
  }
  return rows;
}

std::string csv(std::span<const Calibrated> all) {
  std::string text = "run,method,status,kept,measured_on,samples,changed_predictions";
  for (const Metric& metric : columns()) text += fmt::format(",{}{}", metric.key, has_interval(metric) ? ",ece_lower,ece_upper" : "");
  text += '\n';
  const std::vector<std::string> names = short_names(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const calibration::CalibrationStudy& study = all[i].study;
    for (const MethodRow& row : rows_of(names[i], study)) {
      const Metrics& m = row.measured->metrics;
      text += fmt::format("{},{},{},{},{},{},{}", data::csv_field(row.name), row.method, row.status, row.kept ? 1 : 0,
                          study.record.measured_on, m.samples, row.changed);
      for (const Metric& metric : columns()) {
        text += fmt::format(",{}", m.*metric.value);
        const calibration::Interval& ends = row.measured->ece_interval;
        if (has_interval(metric)) text += fmt::format(",{},{}", ends.lower, ends.upper);
      }
      text += '\n';
    }
  }
  return text;
}

std::string markdown(std::span<const Calibrated> all) {
  std::string text = "| run | method |", rule = "|---|---|";
  for (const Metric& metric : columns()) {
    text += fmt::format(" {} |", heading_with_interval(metric));
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  const std::vector<std::string> names = short_names(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const calibration::CalibrationStudy& study = all[i].study;
    for (const MethodRow& row : rows_of(names[i], study)) {
      const bool remarkable = !row.status.empty() && row.status != "converged";
      const std::string method = (row.kept ? "**" + row.method + "**" : row.method) + (remarkable ? " (" + row.status + ")" : "");
      text += fmt::format("| {} | {} |", row.name, method);
      for (const Metric& metric : columns()) text += fmt::format(" {} |", metric_text(metric, *row.measured));
      text += '\n';
    }
  }
  return text +
         "\nBold: kept, the least NLL on rows that took no part in its fit. kept_identity: on rows that took no part in its fit it made "
         "things worse, so it was turned down. The interval of the ECE is a basic bootstrap's: it takes off the part of the ECE that is "
         "sampling noise, and so may end below the ECE of a calibrator that is about as good as the rows can tell.\n";
}

}  // namespace

bool is_table_file(const std::string& path) { return path.ends_with(".csv") || path.ends_with(".md"); }

void write_table(const std::string& path, std::span<const Calibrated> all) {
  write_file(path, path.ends_with(".csv") ? csv(all) : markdown(all));
}

}  // namespace temper::app
