#include "apps/report/calibration_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/notation.h"
#include "apps/report/svg_plot.h"
#include "core/base/number_text.h"

namespace temper::report {
namespace {

using calibration::Assessment;
using calibration::Metric;

std::string risk_plot(std::span<const runs::Run> runs) {
  std::vector<double> risks{0};
  for (const runs::Run& run : runs) {
    if (!run.calibration) continue;
    for (const calibration::CoveragePoint& point : run.calibration->evaluation.after.risk_coverage) risks.push_back(100 * point.risk);
  }
  const Axis coverage{.label = "coverage: share answered, %", .lower = 0, .upper = 100, .ticks = {0, 20, 40, 60, 80, 100}};
  Plot plot({}, coverage, linear_axis("risk: wrong among them, %", risks),
            "Risk against coverage of " + counted(static_cast<Index>(runs.size()), "run"));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].calibration) continue;
    const Assessment& after = runs[i].calibration->evaluation.after;
    std::vector<Point> points;
    for (const calibration::CoveragePoint& point : after.risk_coverage)
      points.push_back({.x = 100 * point.coverage, .y = 100 * point.risk});
    plot.line(points, series_class(i), fmt::format("{}: AURC {}", runs[i].name, decimal(after.metrics.aurc, 4)));
  }
  return "<div class=\"panel\">" + plot.svg() + "</div>\n";
}

std::string nll_plot(std::span<const runs::Run> runs) {
  std::vector<double> temperatures, nlls;
  for (const runs::Run& run : runs) {
    if (!run.calibration) continue;
    const calibration::CalibrationRecord& record = *run.calibration;
    temperatures.insert(temperatures.end(), record.temperatures.begin(), record.temperatures.end());
    nlls.insert(nlls.end(), record.nll_at_temperature.begin(), record.nll_at_temperature.end());
  }
  Plot plot({}, log_axis("temperature, log scale", temperatures), log_axis("NLL, nats, log scale", nlls),
            "NLL against temperature of " + counted(static_cast<Index>(runs.size()), "run"));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].calibration || runs[i].calibration->temperatures.empty()) continue;
    const calibration::CalibrationRecord& record = *runs[i].calibration;
    std::vector<Point> points;
    for (std::size_t k = 0; k < record.temperatures.size(); ++k) points.push_back({record.temperatures[k], record.nll_at_temperature[k]});
    plot.line(points, series_class(i), runs[i].name);
    const Point least = *std::ranges::min_element(points, {}, &Point::y);
    plot.dot(least, series_class(i), fmt::format("{}: least NLL {} near T = {}", runs[i].name, decimal(least.y, 3), decimal(least.x, 2)));
  }
  return "<div class=\"panel\">" + plot.svg() + "</div>\n";
}

std::string cell(const Metric& metric, const Assessment& assessment) {
  const std::string value = decimal(assessment.metrics.*metric.value, 4);
  const calibration::Interval& ends = assessment.ece_interval;
  if (!has_interval(metric) || !std::isfinite(ends.lower)) return value;
  return fmt::format("{} [{}, {}]", value, decimal(ends.lower, 4), decimal(ends.upper, 4));
}

}  // namespace

std::string calibration_figures(std::span<const runs::Run> runs) {
  const auto drawn = [](const runs::Run& run) { return run.calibration && !run.calibration->evaluation.after.risk_coverage.empty(); };
  if (std::ranges::none_of(runs, drawn)) return "";
  std::string text =
      "<p class=\"how\"><b>How to read it.</b> Left: a network that may abstain answers what it is surest of; the curve shows how often it "
      "is "
      "then wrong. It should start low and rise late. A calibrator of one temperature keeps the order of a single prediction's classes, "
      "but may "
      "change that of the predictions. Right: the NLL at each temperature, the dot where it is least; a flat valley means that T matters "
      "little, a "
      "curve that falls to an edge that no T is right.</p>\n<div class=\"curves\">\n";
  text += risk_plot(runs) + nll_plot(runs);
  std::vector<std::string> names;
  for (const runs::Run& run : runs) names.push_back(drawn(run) ? run.name : run.name + " (not calibrated)");
  return text + "</div>\n" + legend(names);
}

std::string before_and_after(const calibration::CalibrationRecord& record) {
  std::string rows;
  for (const Metric& metric : calibration::kMetrics) {
    if (metric.shown > Metric::Shown::in_tables) continue;
    rows += fmt::format("<tr><td>{}{}</td><td>{}</td><td>{}</td></tr>\n", metric.heading, has_interval(metric) ? " [95 % interval]" : "",
                        cell(metric, record.evaluation.before), cell(metric, record.evaluation.after));
  }
  return "<table class=\"measures\">\n<thead><tr><th>measure</th><th>before</th><th>after</th></tr></thead>\n<tbody>\n" + rows +
         "</tbody>\n</table>\n<p class=\"note\" style=\"margin-top:8px\">Of all rows, the AURC too. An interval leans below its ECE: "
         "chance "
         "alone raises the ECE of a finite sample, and the interval takes that off.</p>\n";
}

}  // namespace temper::report
