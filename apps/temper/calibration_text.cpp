#include "apps/temper/calibration_text.h"

#include <fmt/format.h>

#include "apps/temper/console.h"
#include "apps/temper/metrics_text.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/metrics/json.h"
#include "models/training/json.h"

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
  row("none", "", study.trials.front().before);
  for (const calibration::Trial& trial : study.trials)
    row(trial.fitted.kind->name, calibration::to_string(trial.fitted.status), trial.after);
  return fmt::format("{}kept: {}, the least NLL out of fold\n\n", table.text(), study.record.trial.fitted.kind->name);
}

std::string selection_text(const calibration::CalibrationRecord& record) {
  std::string line, text;
  for (const calibration::SelectiveResult& result : record.selective) {
    const std::string p = result.selector.score == calibration::Score::p_norm ? fmt::format(" (p = {:g})", result.selector.p) : "";
    line += fmt::format("{}{}{} {:.4f}", line.empty() ? "" : ", ", calibration::to_string(result.selector.score), p, result.aurc);
  }
  text += fmt::format("AURC of the scores to abstain by: {}\n", line);
  line.clear();
  for (const calibration::ConformalResult& result : record.conformal) {
    line += fmt::format("{}{} {} with {:.2f} classes", line.empty() ? "" : ", ", calibration::to_string(result.kind),
                        percent(result.on_new_data.coverage), result.on_new_data.mean_size);
  }
  text += fmt::format("conformal sets that should hold {}: {}\n", percent(record.wanted_coverage), line);
  return text;
}

}  // namespace

std::string before_and_after(const calibration::Assessment& before, const calibration::Assessment& after) {
  Table table({"", "before", "after"});
  for (const calibration::Metric& metric : calibration::kMetrics)
    table.row({"  " + heading_with_interval(metric), metric_text(metric, before), metric_text(metric, after)});
  return table.text();
}

std::string text_of(const Calibrated& calibrated) {
  const calibration::CalibrationStudy& study = calibrated.study;
  const calibration::CalibrationRecord& record = study.record;
  std::string text;
  if (study.trials.size() > 1) text += methods_text(study);
  const calibration::Fitted& fitted = record.trial.fitted;
  const std::optional<double> temperature = calibration::fitted_temperature(fitted);
  const std::string what = temperature ? fmt::format("T = {:.4f}", *temperature) : std::string(fitted.kind->name);
  text += fmt::format("{}: {} ({}), fitted on {} {}; measured on {} {}\n", calibrated.name, what, calibration::to_string(fitted.status),
                      grouped(record.samples), record.fitted_on == "val" ? "validation " + calibrated.unit : "rows",
                      grouped(record.trial.after.metrics.samples),
                      record.measured_on == "test" ? "test " + calibrated.unit : "rows, each calibrated by a fit without it");
  return text + before_and_after(record.trial.before, record.trial.after) + selection_text(record);
}

Json json_of(const calibration::CalibrationStudy& study) {
  Json json = training::to_json(study.record);
  for (const char* bulky : {"parameters", "reliability", "risk_coverage", "nll_by_temperature"}) json.erase(bulky);
  if (study.trials.size() == 1) return json;
  for (const calibration::Trial& trial : study.trials) {
    Json after = calibration::to_json(trial.after.metrics);
    after["ece_interval"] = {trial.after.ece_interval.lower, trial.after.ece_interval.upper};
    json["methods"][std::string(trial.fitted.kind->name)] = {
        {"status", calibration::to_string(trial.fitted.status)}, {"changed_predictions", trial.changed}, {"after", after}};
  }
  return json;
}

}  // namespace temper::app
