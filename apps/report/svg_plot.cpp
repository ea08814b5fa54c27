#include "apps/report/svg_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "apps/report/notation.h"
#include "apps/report/style_sheet.h"

namespace temper::report {
namespace {

constexpr std::size_t kColours = 7;
constexpr double kLargest = 1e30;  // keeps differences and powers of ten finite

// A coordinate in pixels; a tenth of one is finer than a screen shows.
std::string pixels(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string title_element(const std::string& title) { return title.empty() ? "" : "<title>" + escape(title) + "</title>"; }

std::string group(const std::string& css_class, const std::string& title, const std::string& content) {
  return fmt::format("<g class=\"{}\">{}{}</g>\n", css_class, title_element(title), content);
}

bool is_finite(Point point) { return std::isfinite(point.x) && std::isfinite(point.y); }

struct Range {
  double lower = std::numeric_limits<double>::infinity();
  double upper = -std::numeric_limits<double>::infinity();
  bool empty() const { return lower > upper; }
};

Range finite_range(std::span<const double> values, double smallest) {
  Range range;
  for (const double value : values) {
    if (!std::isfinite(value) || value < smallest) continue;
    range.lower = std::min(range.lower, std::min(value, kLargest));
    range.upper = std::max(range.upper, std::min(value, kLargest));
  }
  return range;
}

double nice_step(double width, int target, bool whole) {
  const double rough = width / std::max(target, 1);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power * (1 + 1e-9)) {
      step = factor * power;
      break;
    }
  }
  return whole ? std::max(1.0, std::round(step)) : step;
}

// The position of `value` between the ends of the axis, 0..1. Outliers are clamped.
double position(const Axis& axis, double value) {
  const double share = axis.logarithmic ? std::log(std::max(value, axis.lower) / axis.lower) / std::log(axis.upper / axis.lower)
                                        : (value - axis.lower) / (axis.upper - axis.lower);
  return std::clamp(share, 0.0, 1.0);
}

}  // namespace

std::vector<double> nice_ticks(double lower, double upper, int target, bool whole) {
  if (!std::isfinite(lower) || !std::isfinite(upper) || !(upper > lower)) return {};
  const double step = nice_step(upper - lower, target, whole);
  std::vector<double> ticks;
  const double first = std::ceil(lower / step - 1e-9);
  // Multiplied, not summed: 0.1 added ten times is not 1. The bound on i ends a step that rounding has swallowed.
  for (int i = 0; i <= 100; ++i) {
    const double tick = (first + i) * step;
    if (tick > upper + 1e-9 * step) break;
    ticks.push_back(tick == 0 ? 0.0 : tick);  // never -0
  }
  return ticks;
}

Axis linear_axis(std::string label, std::span<const double> values) {
  constexpr int kTicks = 5;
  Range range = finite_range(values, -kLargest);
  if (range.empty()) range = {.lower = 0, .upper = 1};
  const double least = std::max(1e-9, 1e-6 * std::max(std::abs(range.lower), std::abs(range.upper)));
  if (range.upper - range.lower < least) {
    const double air = range.lower == 0 ? 0.5 : 0.1 * std::abs(range.lower);
    range = {.lower = range.lower - air, .upper = range.upper + air};
  }
  const double step = nice_step(range.upper - range.lower, kTicks, false);
  Axis axis{.label = std::move(label), .lower = std::floor(range.lower / step) * step, .upper = std::ceil(range.upper / step) * step};
  axis.ticks = nice_ticks(axis.lower, axis.upper, kTicks + 1);
  return axis;
}

Axis log_axis(std::string label, std::span<const double> values) {
  Range range = finite_range(values, 1e-12);
  if (range.empty()) range = {.lower = 0.1, .upper = 1};
  const int first = static_cast<int>(std::floor(std::log10(range.lower) + 1e-9));
  const int last = std::max(first + 1, static_cast<int>(std::ceil(std::log10(range.upper) - 1e-9)));
  Axis axis{.label = std::move(label), .lower = std::pow(10.0, first), .upper = std::pow(10.0, last), .logarithmic = true};
  const int step = (last - first + 5) / 6;  // at most seven decades are labelled
  for (int power = first; power <= last; power += step) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const bool shown = factor == 1 || last - first <= 2;
      const double tick = factor * std::pow(10.0, power);
      if (shown && tick <= axis.upper * (1 + 1e-9)) axis.ticks.push_back(tick);
    }
  }
  return axis;
}

std::string tick_label(const Axis& axis, double tick) {
  if (axis.logarithmic || axis.ticks.size() < 2) return fmt::format("{:.6g}", tick);
  const double step = axis.ticks[1] - axis.ticks[0];
  if (std::abs(tick) >= 1e6 || step < 1e-6) return fmt::format("{:.3g}", tick);
  const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-6)), 0, 6);
  return decimal(tick, digits);
}

Plot::Plot(Frame frame, Axis x, Axis y, std::string description)
    : frame_(frame), x_(std::move(x)), y_(std::move(y)), description_(std::move(description)) {}

double Plot::across(double x) const { return frame_.left + position(x_, x) * (frame_.width - frame_.left - frame_.right); }
double Plot::down(double y) const { return frame_.height - frame_.bottom - position(y_, y) * (frame_.height - frame_.top - frame_.bottom); }

void Plot::line(std::span<const Point> points, const std::string& css_class, const std::string& title) {
  std::string path, alone;
  std::size_t begin = 0;
  while (begin < points.size()) {
    std::size_t end = begin;
    while (end < points.size() && is_finite(points[end])) ++end;
    if (end - begin == 1) {
      alone += fmt::format("<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"2.5\"/>", pixels(across(points[begin].x)),
                           pixels(down(points[begin].y)));
    }
    for (std::size_t i = begin; end - begin > 1 && i < end; ++i) {
      path += fmt::format("{}{} {}", i == begin ? 'M' : 'L', pixels(across(points[i].x)), pixels(down(points[i].y)));
    }
    begin = end + 1;
  }
  if (!path.empty()) path = "<path class=\"line\" d=\"" + path + "\"/>";
  if (!path.empty() || !alone.empty()) marks_ += group(css_class, title, path + alone);
}

void Plot::bar(Point from, Point to, const std::string& css_class, const std::string& title) {
  if (!is_finite(from) || !is_finite(to) || from.y == to.y) return;
  const double left = std::min(across(from.x), across(to.x)), right = std::max(across(from.x), across(to.x));
  const double top = std::min(down(from.y), down(to.y)), bottom = std::max(down(from.y), down(to.y));
  const double height = std::max(1.0, bottom - top);
  marks_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">{}</rect>\n", css_class, pixels(left),
                        pixels(bottom - height), pixels(right - left), pixels(height), title_element(title));
}

void Plot::segment(Point from, Point to, const std::string& css_class, const std::string& title) {
  if (!is_finite(from) || !is_finite(to)) return;
  marks_ += fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\">{}</line>\n", css_class, pixels(across(from.x)),
                        pixels(down(from.y)), pixels(across(to.x)), pixels(down(to.y)), title_element(title));
}

void Plot::dot(Point at, const std::string& css_class, const std::string& title) {
  if (!is_finite(at)) return;
  const std::string circle = fmt::format("<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"3\"/>", pixels(across(at.x)), pixels(down(at.y)));
  marks_ += group(css_class, title, circle);
}

void Plot::cross(Point at, const std::string& css_class, const std::string& title) {
  if (!is_finite(at)) return;
  const double x = across(at.x), y = down(at.y), arm = 4.5;
  const std::string path =
      fmt::format("<path class=\"cross\" d=\"M{} {}L{} {}M{} {}L{} {}\"/>", pixels(x - arm), pixels(y - arm), pixels(x + arm),
                  pixels(y + arm), pixels(x - arm), pixels(y + arm), pixels(x + arm), pixels(y - arm));
  marks_ += group(css_class, title, path);
}

void Plot::label(Point at, const std::string& text) {
  if (!is_finite(at)) return;
  marks_ +=
      fmt::format("<text class=\"label\" x=\"{}\" y=\"{}\">{}</text>\n", pixels(across(at.x) + 8), pixels(down(at.y) + 4), escape(text));
}

std::string Plot::axes() const {
  const double left = frame_.left, right = frame_.width - frame_.right;
  const double top = frame_.top, bottom = frame_.height - frame_.bottom;
  std::string text;
  for (const double tick : y_.ticks) {
    const double y = down(tick);
    text += fmt::format("<line class=\"grid\" x1=\"{0}\" y1=\"{1}\" x2=\"{2}\" y2=\"{1}\"/>", pixels(left), pixels(y), pixels(right));
    text += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", pixels(left - 7), pixels(y + 4),
                        tick_label(y_, tick));
  }
  text += fmt::format("<line class=\"axis\" x1=\"{0}\" y1=\"{1}\" x2=\"{2}\" y2=\"{1}\"/>", pixels(left), pixels(bottom), pixels(right));
  for (const double tick : x_.ticks) {
    const double x = across(tick);
    text +=
        fmt::format("<line class=\"axis\" x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\"/>", pixels(x), pixels(bottom), pixels(bottom + 4));
    text += fmt::format("<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", pixels(x), pixels(bottom + 17),
                        tick_label(x_, tick));
  }
  // The label of y lies flat above the axis: readable without turning one's head.
  text += fmt::format("<text class=\"label\" x=\"0\" y=\"{}\">{}</text>", pixels(top - 13), escape(y_.label));
  text += fmt::format("<text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", pixels(right), pixels(frame_.height - 6),
                      escape(x_.label));
  return text;
}

std::string Plot::attributes() const {
  return fmt::format("viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", pixels(frame_.width), pixels(frame_.height),
                     escape(description_));
}

std::string Plot::svg() const { return "<svg class=\"plot\" " + attributes() + axes() + marks_ + "</svg>\n"; }

std::string Plot::svg_file() const {
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" " + attributes() + "<style><![CDATA[" + std::string(kStyleSheet) +
         "svg.plot { background: var(--paper); }\n]]></style>\n" + axes() + marks_ + "</svg>\n";
}

std::string series_class(std::size_t series) { return fmt::format("series colour{} dash{}", series % kColours, series / kColours % 3); }

std::string swatch(std::size_t series) {
  return fmt::format(
      "<svg class=\"swatch\" viewBox=\"0 0 28 10\" aria-hidden=\"true\"><g class=\"{}\"><path class=\"line\" d=\"M1 5L27 5\"/></g></svg>",
      series_class(series));
}

std::string legend(std::span<const std::string> names) {
  std::string items;
  for (std::size_t i = 0; i < names.size(); ++i) items += fmt::format("<li>{}{}</li>\n", swatch(i), escape(names[i]));
  return "<ul class=\"legend\">\n" + items + "</ul>\n";
}

}  // namespace temper::report
