#include "apps/temper/terminal/metrics_text.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/temper/terminal/console.h"

namespace temper::app {

using calibration::Assessment;
using calibration::kMetrics;
using calibration::Metric;
using calibration::Metrics;

std::string metric_text(const Metric& metric, const Metrics& metrics) {
  const double value = metrics.*metric.value;
  if (std::isnan(value)) return "-";
  return metric.unit == Metric::Unit::percent ? percent(value) : decimal(value);
}

std::string metric_text(const Metric& metric, const Assessment& assessment) {
  const std::string text = metric_text(metric, assessment.metrics);
  const calibration::Interval& ends = assessment.ece_interval;
  if (!has_interval(metric) || std::isnan(ends.lower)) return text;
  return fmt::format("{} [{:.4f}, {:.4f}]", text, ends.lower, ends.upper);
}

std::string heading_with_interval(const Metric& metric) {
  return fmt::format("{}{}", metric.heading, has_interval(metric) ? " [95 % interval]" : "");
}

std::vector<Metric> metrics_shown(Metric::Shown most) {
  std::vector<Metric> shown;
  for (const Metric& metric : kMetrics)
    if (metric.shown <= most) shown.push_back(metric);
  return shown;
}

std::string metrics_line(const Metrics& metrics) {
  std::string line;
  for (const Metric& metric : metrics_shown(Metric::Shown::in_summaries))
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", metric.heading, metric_text(metric, metrics));
  return line;
}

std::string metrics_lines(const Metrics& metrics) {
  std::string lines;
  for (const Metric& metric : kMetrics) lines += fmt::format("  {:<18}{}\n", metric.heading, metric_text(metric, metrics));
  return lines;
}

}  // namespace temper::app
