#include "apps/report/calibration_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/notation.h"
#include "apps/report/svg_plot.h"

namespace temper::report {
namespace {

std::vector<Point> points_of(const std::vector<CurvePoint>& curve) {
  std::vector<Point> points;
  for (const CurvePoint& point : curve) points.push_back({.x = point.x, .y = point.y});
  return points;
}

std::string risk_plot(std::span<const RunRecord> runs) {
  std::vector<double> risks{0};
  for (const RunRecord& run : runs) {
    if (!run.calibration) continue;
    for (const CurvePoint& point : run.calibration->risk_after) risks.push_back(100 * point.y);
  }
  const Axis coverage{.label = "coverage: share answered, %", .lower = 0, .upper = 100, .ticks = {0, 20, 40, 60, 80, 100}};
  Plot plot({}, coverage, linear_axis("risk: wrong among them, %", risks), fmt::format("Risk against coverage of {} runs", runs.size()));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].calibration) continue;
    std::vector<Point> points = points_of(runs[i].calibration->risk_after);
    for (Point& point : points) point = {.x = 100 * point.x, .y = 100 * point.y};
    plot.line(points, series_class(i), fmt::format("{}: AURC {}", runs[i].name, decimal(runs[i].calibration->after.aurc, 4)));
  }
  return "<div class=\"panel\">" + plot.svg() + "</div>\n";
}

std::string nll_plot(std::span<const RunRecord> runs) {
  std::vector<double> temperatures, nlls;
  for (const RunRecord& run : runs) {
    if (!run.calibration) continue;
    for (const CurvePoint& point : run.calibration->nll_by_temperature) {
      temperatures.push_back(point.x);
      nlls.push_back(point.y);
    }
  }
  Plot plot({}, log_axis("temperature, log scale", temperatures), log_axis("NLL, nats, log scale", nlls),
            fmt::format("NLL against temperature of {} runs", runs.size()));
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (!runs[i].calibration || runs[i].calibration->nll_by_temperature.empty()) continue;
    const std::vector<Point> points = points_of(runs[i].calibration->nll_by_temperature);
    plot.line(points, series_class(i), runs[i].name);
    const Point least = *std::ranges::min_element(points, {}, &Point::y);
    plot.dot(least, series_class(i), fmt::format("{}: least NLL {} near T = {}", runs[i].name, decimal(least.y, 3), decimal(least.x, 2)));
  }
  return "<div class=\"panel\">" + plot.svg() + "</div>\n";
}

std::string row(const char* name, double before, double after) {
  return fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", name, decimal(before, 4), decimal(after, 4));
}

}  // namespace

std::string calibration_figures(std::span<const RunRecord> runs) {
  const auto drawn = [](const RunRecord& run) { return run.calibration && !run.calibration->risk_after.empty(); };
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
  for (const RunRecord& run : runs) names.push_back(drawn(run) ? run.name : run.name + " (not calibrated)");
  return text + "</div>\n" + legend(names);
}

std::string before_and_after(const Calibration& c) {
  const auto ece = [](const Metrics& m) {
    if (!std::isfinite(m.ece_lower)) return decimal(m.ece, 4);
    return fmt::format("{} [{}, {}]", decimal(m.ece, 4), decimal(m.ece_lower, 4), decimal(m.ece_upper, 4));
  };
  return "<table class=\"measures\">\n<thead><tr><th>measure</th><th>before</th><th>after</th></tr></thead>\n<tbody>\n" +
         row("accuracy", c.before.accuracy, c.after.accuracy) + row("NLL", c.before.nll, c.after.nll) +
         fmt::format("<tr><td>ECE [95 % interval]</td><td>{}</td><td>{}</td></tr>\n", ece(c.before), ece(c.after)) +
         row("debiased ECE", c.before.debiased_ece, c.after.debiased_ece) + row("smooth ECE", c.before.smooth_ece, c.after.smooth_ece) +
         row("MCE", c.before.mce, c.after.mce) + row("adaptive ECE", c.before.ace, c.after.ace) +
         row("class-wise ECE", c.before.classwise_ece, c.after.classwise_ece) + row("Brier", c.before.brier, c.after.brier) +
         row("AURC", c.before.aurc, c.after.aurc) + row("AUROC", c.before.auroc, c.after.auroc) + "</tbody>\n</table>\n";
}

}  // namespace temper::report
