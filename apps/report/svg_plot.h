// Plots as SVG text for the inside of an HTML page: axes with round ticks, lines, bars, marks, and a legend. Colours are CSS classes, so
// the style sheet decides how a plot looks by day, by night and on paper. Lengths are CSS pixels; a plot scales to the width it is given.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace temper::report {

struct Point {
  double x = 0, y = 0;
};

struct Axis {
  std::string label;  // not escaped yet
  double lower = 0, upper = 1;
  std::vector<double> ticks{};  // ascending, within [lower, upper]
  bool logarithmic = false;
};

// Multiples of 1, 2 or 5 times a power of ten inside [lower, upper], about `target` of them. `whole`: integers only.
std::vector<double> nice_ticks(double lower, double upper, int target, bool whole = false);

// Covers the finite ones of `values` with some air, ends on ticks; [0, 1] when there is none. Never empty, also when all values are equal.
Axis linear_axis(std::string label, std::span<const double> values);

// Like linear_axis on a logarithmic scale: for values that are all positive (others are ignored).
Axis log_axis(std::string label, std::span<const double> values);

// The text beside a tick: no more decimals than the distance of the ticks asks for.
std::string tick_label(const Axis& axis, double tick);

class Plot {
 public:
  struct Frame {  // the size of the picture and the room around the plotting area
    double width = 330, height = 235;
    double left = 42, right = 10, top = 26, bottom = 38;
  };

  // `description` is what a screen reader says.
  Plot(Frame frame, Axis x, Axis y, std::string description);

  // Connects the points in order. A point that is not finite breaks the line; a point without neighbours becomes a dot. `title` is shown on
  // hover.
  void line(std::span<const Point> points, const std::string& css_class, const std::string& title);
  // The rectangle between two corners, in the coordinates of the data. One with some height is at least a pixel high.
  void bar(Point from, Point to, const std::string& css_class, const std::string& title);
  void segment(Point from, Point to, const std::string& css_class, const std::string& title);
  void dot(Point at, const std::string& css_class, const std::string& title);
  void cross(Point at, const std::string& css_class, const std::string& title);

  void label(Point at, const std::string& text);  // to the right of a mark

  std::string svg() const;       // one <svg> element
  std::string svg_file() const;  // a file of its own, with the style sheet

 private:
  double across(double x) const;  // pixels from the left
  double down(double y) const;    // pixels from the top
  std::string axes() const;
  std::string attributes() const;  // of the element, and its end

  Frame frame_;
  Axis x_, y_;
  std::string description_;
  std::string marks_;
};

// The look of series i: seven colours that colour-blind readers can tell apart, then the same with other dashes.
std::string series_class(std::size_t series);

// A short piece of the line of series i.
std::string swatch(std::size_t series);

// A list of all series. HTML around small SVG swatches and not SVG alone, because the text in a picture cannot wrap.
std::string legend(std::span<const std::string> names);

}  // namespace temper::report
