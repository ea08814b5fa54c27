#include "apps/temper/commands/calibration_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/metrics_text.h"
#include "core/base/file.h"
#include "core/base/names.h"
#include "core/base/printable.h"
#include "data/tables/csv.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/metrics/json.h"
#include "models/calibration/study/json.h"

namespace temper::app {
namespace {

std::string methods_text(const calibration::CalibrationStudy& study) {
  const std::vector<calibration::Metric> metrics = metrics_shown(calibration::Metric::Shown::in_comparisons);
  std::vector<std::string> headings{"method", "status"};
  for (const calibration::Metric& metric : metrics) headings.push_back(heading_with_interval(metric));
  Table table(headings);
  const auto row = [&](std::string_view name, std::string_view status, const calibration::Assessment& assessment) {
    std::vector<std::string> cells{std::string(name), std::string(status)};
    for (const calibration::Metric& metric : metrics) cells.push_back(metric_text(metric, assessment));
    table.row(cells);
  };
  row("none", "", study.evaluations.front().before);
  for (const calibration::Evaluation& evaluation : study.evaluations)
    row(evaluation.fitted.kind->name, calibration::name(evaluation.fitted.status), evaluation.after);
  return fmt::format("{}kept: {}, the least NLL out of fold\n\n", table.text(), study.record.evaluation.fitted.kind->name);
}

std::string selection_text(const calibration::CalibrationRecord& record) {
  std::string line, text;
  for (const calibration::SelectiveResult& result : record.selective) {
    const std::string p = result.selector.score == calibration::Score::p_norm ? fmt::format(" (p = {:g})", result.selector.p) : "";
    line += fmt::format("{}{}{} {:.4f}", line.empty() ? "" : ", ", calibration::name(result.selector.score), p, result.aurc);
  }
  const std::string rows = record.selective_rows.empty()
                               ? ""
                               : fmt::format(" (logits as they came, on {} {})", grouped(record.selective_samples), record.selective_rows);
  text += fmt::format("AURC of the scores to abstain by{}: {}\n", rows, line);
  line.clear();
  for (const calibration::ConformalResult& result : record.conformal) {
    line += fmt::format("{}{} {} with {:.2f} classes", line.empty() ? "" : ", ", calibration::name(result.kind),
                        percent(result.on_new_data.coverage), result.on_new_data.mean_size);
  }
  text += fmt::format("conformal sets that should hold {}{}: {}\n", percent(record.wanted_coverage),
                      record.selective_rows.empty() ? "" : " (calibrated, on the same rows)", line);
  return text;
}

// What the numbers of the table are of, and how its interval is to be read.
std::string interval_note(const calibration::CalibrationRecord& record) {
  return fmt::format("  the table, its AURC too, is of all {} rows; an interval leans below its ECE, as chance alone raises an ECE\n",
                     grouped(record.evaluation.before.metrics.samples));
}

}  // namespace

std::string before_and_after(const calibration::Assessment& before, const calibration::Assessment& after) {
  Table table({"", "before", "after"});
  for (const calibration::Metric& metric : calibration::kMetrics)
    table.row({"  " + heading_with_interval(metric), metric_text(metric, before), metric_text(metric, after)});
  return table.text();
}

std::string format_calibration(const Calibrated& calibrated) {
  const calibration::CalibrationStudy& study = calibrated.study;
  const calibration::CalibrationRecord& record = study.record;
  std::string text;
  if (study.evaluations.size() > 1) text += methods_text(study);
  const calibration::Fitted& fitted = record.evaluation.fitted;
  const std::optional<double> temperature = calibration::fitted_temperature(fitted);
  const std::string what = temperature ? fmt::format("T = {:.4f}", *temperature) : std::string(fitted.kind->name);
  text +=
      fmt::format("{}: {} ({}), fitted on {} {}; measured on {} {}\n", printable(calibrated.name), what, calibration::name(fitted.status),
                  grouped(record.samples), record.fitted_on == "val" ? "validation " + calibrated.unit : "rows",
                  grouped(record.evaluation.after.metrics.samples),
                  record.measured_on == "test" ? "test " + calibrated.unit : "rows, each calibrated by a fit without it");
  return text + before_and_after(record.evaluation.before, record.evaluation.after) + interval_note(record) + selection_text(record);
}

Json to_json(const calibration::CalibrationStudy& study) {
  Json json = calibration::to_json(study.record);
  for (const char* bulky : {"parameters", "reliability", "risk_coverage", "nll_by_temperature"}) json.erase(bulky);
  if (study.evaluations.size() == 1) return json;
  for (const calibration::Evaluation& evaluation : study.evaluations) {
    json["methods"][std::string(evaluation.fitted.kind->name)] = {{"status", calibration::name(evaluation.fitted.status)},
                                                                  {"changed_predictions", evaluation.changed},
                                                                  {"after", calibration::to_json(evaluation.after)}};
  }
  return json;
}

namespace {

// In the order of the columns, which does not change: metrics that are not among these follow them.
std::vector<calibration::Metric> columns() {
  constexpr std::string_view kFirst[]{"accuracy",     "nll",        "brier", "ece",  "ace",  "classwise_ece",
                                      "debiased_ece", "smooth_ece", "mce",   "aurc", "auroc"};
  std::vector<calibration::Metric> columns = calibration::metrics_by_number();
  const auto place = [&](const calibration::Metric& metric) { return std::ranges::find(kFirst, metric.key); };
  std::ranges::stable_sort(columns, {}, place);
  return columns;
}

struct MethodRow {
  std::string name, method, status;
  bool kept = false;
  const calibration::Assessment* measured = nullptr;
  Index changed = 0;
};

std::vector<std::string> short_names(std::span<const Calibrated> all) {
  std::vector<std::string> given;
  for (const Calibrated& calibrated : all) given.push_back(calibrated.name);
  return distinct_names(given);
}

std::vector<MethodRow> make_rows(const std::string& name, const calibration::CalibrationStudy& study) {
  std::vector<MethodRow> rows{{.name = name, .method = "none", .status = "", .measured = &study.evaluations.front().before}};
  for (const calibration::Evaluation& evaluation : study.evaluations) {
    const calibration::Fitted& fitted = evaluation.fitted;
    rows.push_back({.name = name,
                    .method = std::string(fitted.kind->name),
                    .status = std::string(calibration::name(fitted.status)),
                    .kept = fitted.kind == study.record.evaluation.fitted.kind,
                    .measured = evaluation.rejected ? &*evaluation.rejected : &evaluation.after,
                    .changed = evaluation.changed});
  }
  return rows;
}

// A field that is empty where nothing was measured.
std::string csv_number(double value) { return std::isnan(value) ? "," : fmt::format(",{}", value); }

std::string csv(std::span<const Calibrated> all) {
  std::string text = "run,method,status,kept,measured_on,samples,changed_predictions";
  for (const calibration::Metric& metric : columns())
    text += fmt::format(",{}{}", metric.key, has_interval(metric) ? ",ece_lower,ece_upper" : "");
  text += '\n';
  const std::vector<std::string> names = short_names(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const calibration::CalibrationStudy& study = all[i].study;
    for (const MethodRow& row : make_rows(names[i], study)) {
      const calibration::Metrics& m = row.measured->metrics;
      text += fmt::format("{},{},{},{},{},{},{}", data::csv_field(row.name), row.method, row.status, row.kept ? 1 : 0,
                          study.record.measured_on, m.samples, row.changed);
      for (const calibration::Metric& metric : columns()) {
        text += csv_number(m.*metric.value);
        const calibration::Interval& ends = row.measured->ece_interval;
        if (has_interval(metric)) text += csv_number(ends.lower) + csv_number(ends.upper);
      }
      text += '\n';
    }
  }
  return text;
}

// A name cannot end its cell, or the row.
std::string markdown_cell(const std::string& name) {
  std::string cell = printable(name);
  for (std::size_t at = 0; (at = cell.find('|', at)) != cell.npos; at += 2) cell.insert(at, 1, '\\');
  return cell;
}

std::string markdown(std::span<const Calibrated> all) {
  std::string text = "| run | method |", rule = "|---|---|";
  for (const calibration::Metric& metric : columns()) {
    text += fmt::format(" {} |", heading_with_interval(metric));
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  const std::vector<std::string> names = short_names(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const calibration::CalibrationStudy& study = all[i].study;
    for (const MethodRow& row : make_rows(names[i], study)) {
      const bool remarkable = !row.status.empty() && row.status != "converged";
      const std::string method = (row.kept ? "**" + row.method + "**" : row.method) + (remarkable ? " (" + row.status + ")" : "");
      text += fmt::format("| {} | {} |", markdown_cell(row.name), method);
      for (const calibration::Metric& metric : columns()) text += fmt::format(" {} |", metric_text(metric, *row.measured));
      text += '\n';
    }
  }
  return text +
         "\nBold: kept, the least NLL on rows that took no part in its fit. kept_identity: on rows that took no part in its fit it did "
         "not help, so it was rejected. at_lower_bound and at_upper_bound: the rows fitted on do not tell how sure the model may be, "
         "so the logits are left as they are. The interval of the ECE is a basic bootstrap's, extended to the ECE itself: it takes off "
         "what "
         "chance alone adds to an ECE, so it leans below that of a calibrator that is as good as the rows can show.\n";
}

}  // namespace

bool is_table_file(const std::string& path) { return path.ends_with(".csv") || path.ends_with(".md"); }

void write_table(const std::string& path, std::span<const Calibrated> all) {
  write_file(path, path.ends_with(".csv") ? csv(all) : markdown(all));
}

}  // namespace temper::app
