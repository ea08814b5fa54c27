#include "apps/temper/calibration_table.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <set>

#include "apps/temper/console.h"
#include "core/file.h"
#include "data/tables/csv.h"

namespace temper::app {
namespace {

using calibration::Assessment;
using calibration::Metrics;

struct Column {
  const char *key, *heading;  // in CSV, in Markdown
  double Metrics::*value;
};

// The ECE comes with its interval and stands apart.
constexpr Column kBeforeEce[] = {
    {"accuracy", "accuracy", &Metrics::accuracy}, {"nll", "NLL", &Metrics::nll}, {"brier", "Brier", &Metrics::brier}};
constexpr Column kAfterEce[] = {{"ace", "adaptive ECE", &Metrics::ace},
                                {"classwise_ece", "class-wise ECE", &Metrics::classwise_ece},
                                {"debiased_ece", "debiased ECE", &Metrics::debiased_ece},
                                {"smooth_ece", "smooth ECE", &Metrics::smooth_ece},
                                {"mce", "MCE", &Metrics::mce},
                                {"aurc", "AURC", &Metrics::aurc},
                                {"auroc", "AUROC", &Metrics::auroc}};

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
  for (const Column& column : kBeforeEce) text += fmt::format(",{}", column.key);
  text += ",ece,ece_lower,ece_upper";
  for (const Column& column : kAfterEce) text += fmt::format(",{}", column.key);
  text += '\n';
  const std::vector<std::string> names = short_names(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const calibration::CalibrationStudy& study = all[i].study;
    for (const MethodRow& row : rows_of(names[i], study)) {
      const Metrics& m = row.measured->metrics;
      text += fmt::format("{},{},{},{},{},{},{}", data::csv_field(row.name), row.method, row.status, row.kept ? 1 : 0,
                          study.record.measured_on, m.samples, row.changed);
      for (const Column& column : kBeforeEce) text += fmt::format(",{}", m.*column.value);
      text += fmt::format(",{},{},{}", m.ece, row.measured->ece_interval.lower, row.measured->ece_interval.upper);
      for (const Column& column : kAfterEce) text += fmt::format(",{}", m.*column.value);
      text += '\n';
    }
  }
  return text;
}

std::string decimals(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4f}", value); }

std::string markdown(std::span<const Calibrated> all) {
  std::string text = "| run | method | accuracy | NLL | Brier | ECE [95 % interval] |", rule = "|---|---|---|---|---|---|";
  for (const Column& column : kAfterEce) {
    text += fmt::format(" {} |", column.heading);
    rule += "---|";
  }
  text += "\n" + rule + "\n";
  const std::vector<std::string> names = short_names(all);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const calibration::CalibrationStudy& study = all[i].study;
    for (const MethodRow& row : rows_of(names[i], study)) {
      const Metrics& m = row.measured->metrics;
      const bool remarkable = !row.status.empty() && row.status != "converged";
      const std::string method = (row.kept ? "**" + row.method + "**" : row.method) + (remarkable ? " (" + row.status + ")" : "");
      text += fmt::format("| {} | {} | {} | {} | {} | {} |", row.name, method, percent(m.accuracy), decimals(m.nll), decimals(m.brier),
                          with_interval(*row.measured));
      for (const Column& column : kAfterEce) text += fmt::format(" {} |", decimals(m.*column.value));
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
