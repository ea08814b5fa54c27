#include "apps/report/learning_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/notation.h"
#include "apps/report/svg_plot.h"
#include "core/base/number_text.h"

namespace temper::report {
namespace {

struct Curve {
  std::string title;
  std::string unit;  // behind the number on hover
  double (*value)(const training::EpochRecord& epoch);
  double scale;   // of the number shown
  bool positive;  // may need a logarithmic axis
};

constexpr double kLogarithmicAbove = 30;  // ratio of the largest to the smallest value

std::vector<double> values(std::span<const runs::Run> runs, const Curve& curve) {
  std::vector<double> found;
  for (const runs::Run& run : runs) {
    for (const training::EpochRecord& row : run.epochs) found.push_back(curve.scale * curve.value(row));
  }
  std::erase_if(found, [](double value) { return !std::isfinite(value); });
  return found;
}

Axis value_axis(std::span<const runs::Run> runs, const Curve& curve) {
  const std::vector<double> found = values(runs, curve);
  if (curve.positive && !found.empty()) {
    const auto [least, greatest] = std::ranges::minmax(found);
    if (least > 0 && greatest / least > kLogarithmicAbove) return log_axis(curve.title + ", log scale", found);
  }
  Axis axis = linear_axis(curve.title, found);
  return axis;
}

Axis epoch_axis(std::span<const runs::Run> runs) {
  constexpr int kTicks = 6;
  Index first = runs.empty() ? 1 : 1 << 30, last = 0;
  for (const runs::Run& run : runs) {
    if (run.epochs.empty()) continue;
    first = std::min(first, run.epochs.front().epoch);
    last = std::max(last, run.epochs.back().epoch);
  }
  Axis axis{.label = "epoch", .lower = static_cast<double>(first), .upper = static_cast<double>(last)};
  if (first == last)
    axis = {.label = "epoch",
            .lower = static_cast<double>(first) - 1,
            .upper = static_cast<double>(last) + 1,
            .ticks = {static_cast<double>(first)}};
  if (axis.ticks.empty()) axis.ticks = nice_ticks(axis.lower, axis.upper, kTicks, true);
  return axis;
}

void draw(Plot& plot, const runs::Run& run, std::size_t series, const Curve& curve) {
  std::vector<Point> points;
  Point last{.x = calibration::kNotMeasured, .y = calibration::kNotMeasured};
  for (const training::EpochRecord& row : run.epochs) {
    points.push_back({.x = static_cast<double>(row.epoch), .y = curve.scale * curve.value(row)});
    if (std::isfinite(points.back().y)) last = points.back();
  }
  const std::string css_class = series_class(series);
  plot.line(points, css_class, run.name);
  const std::string title = fmt::format("{}: {}{} in epoch {}", run.name, decimal(last.y, curve.unit.empty() ? 3 : 2), curve.unit, last.x);
  if (!points.empty() && !std::isfinite(points.back().y)) {
    plot.cross(last, css_class, title + ", then not a finite number");
  } else {
    plot.dot(last, css_class, title);
  }
}

std::string plot(std::span<const runs::Run> runs, const Curve& curve) {
  const std::string description = fmt::format("{} over the epochs of {}", curve.title, counted(static_cast<Index>(runs.size()), "run"));
  Plot picture({}, epoch_axis(runs), value_axis(runs, curve), description);
  for (std::size_t i = 0; i < runs.size(); ++i) draw(picture, runs[i], i, curve);
  return "<div class=\"panel\">" + picture.svg() + "</div>\n";
}

}  // namespace

std::string learning_curves(std::span<const runs::Run> runs) {
  if (std::ranges::all_of(runs, [](const runs::Run& run) { return run.epochs.empty(); })) {
    return "<p class=\"note\">No run has a log of its epochs (log.csv), so there are no curves to draw.</p>\n";
  }
  const Curve curves[] = {
      {"training loss", "", [](const training::EpochRecord& epoch) { return epoch.train_loss; }, 1, true},
      {"validation accuracy, %", " %", [](const training::EpochRecord& epoch) { return epoch.val.accuracy; }, 100, false},
      {"validation NLL, nats", "", [](const training::EpochRecord& epoch) { return epoch.val.nll; }, 1, true},
  };
  std::string text =
      "<p class=\"how\"><b>How to read it.</b> One line a run; the dot is its last epoch, a cross the last finite value of a run that "
      "diverged. "
      "Compare runs by the two validation plots. The training loss is what each run minimised: with label smoothing it cannot fall to 0, "
      "with "
      "a teacher it is measured against the teacher, so its height does not rank the runs. Validation NLL that rises while accuracy holds "
      "means that the network grows too sure of itself.</p>\n<div class=\"curves\">\n";
  for (const Curve& curve : curves) text += plot(runs, curve);
  std::vector<std::string> names;
  for (const runs::Run& run : runs) names.push_back(run.epochs.empty() ? run.name + " (no log)" : run.name);
  return text + "</div>\n" + legend(names);
}

}  // namespace temper::report
