#include "apps/report/svg_plot.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <limits>

#include "tests/apps/report/well_formed.h"

namespace temper::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

int occurrences(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

Plot unit_plot() { return {{}, {.label = "x", .ticks = {0, 1}}, {.label = "y", .ticks = {0, 1}}, "a plot"}; }

}  // namespace

TEST_CASE("report: the checker of tags finds faults") {
  CHECK(well_formedness_error("<a b=\"c\">d &amp; &#39;<br/></a>").empty());
  for (const char* broken : {"<a>", "<a></b>", "</a>", "<a b=c></a>", "<a>&</a>", "<a>1 > 0</a>", "<a b=\"<\"></a>", "<a"}) {
    CAPTURE(broken);
    CHECK_FALSE(well_formedness_error(broken).empty());
  }
}

TEST_CASE("report: ticks are round, inside the range and about as many as asked") {
  CHECK(nice_ticks(0, 1, 5) == std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1});
  CHECK(nice_ticks(1, 30, 6, true) == std::vector<double>{5, 10, 15, 20, 25, 30});
  CHECK(nice_ticks(1, 3, 6, true) == std::vector<double>{1, 2, 3});
  CHECK(nice_ticks(-1, 1, 2) == std::vector<double>{-1, 0, 1});
  for (const double lower : {-1e9, -3.7, 0.0, 0.0123, 97.1, 1e12}) {
    for (const double width : {1e-3, 0.7, 3.0, 45.0, 1e6}) {
      for (const int target : {2, 5, 8}) {
        const std::vector<double> ticks = nice_ticks(lower, lower + width, target);
        CAPTURE(lower);
        CAPTURE(width);
        CAPTURE(target);
        CHECK(ticks.size() <= static_cast<std::size_t>(target + 1));
        CHECK(std::ranges::is_sorted(ticks));
        for (const double tick : ticks) CHECK((tick >= lower - 1e-6 * width && tick <= lower + width * (1 + 1e-6)));
      }
    }
  }
  CHECK(nice_ticks(1, 1, 5).empty());
  CHECK(nice_ticks(kNaN, 1, 5).empty());
  CHECK(nice_ticks(0, kInfinity, 5).empty());
}

TEST_CASE("report: an axis covers its values whatever they are") {
  const std::vector<std::vector<double>> cases{{},   {0.5},      {0, 0},           {5, 5, 5},     {0.021, 0.019}, {kNaN, 3, kInfinity, 4},
                                               {-7}, {1e300, 0}, {1e-300, 1e-299}, {95.1, 97.25}, {1, 1 + 1e-15}, {-kInfinity}};
  for (const std::vector<double>& values : cases) {
    for (const Axis& axis : {linear_axis("linear", values), log_axis("log", values)}) {
      CAPTURE(axis.label);
      CAPTURE(values.size());
      CHECK(std::isfinite(axis.lower));
      CHECK(std::isfinite(axis.upper));
      CHECK(axis.lower < axis.upper);
      CHECK(axis.ticks.size() >= 2);
      CHECK(axis.ticks.size() <= 10);
      for (const double value : values) {
        if (!std::isfinite(value) || value > 1e30 || (axis.logarithmic && value < 1e-12)) continue;
        CHECK(value >= axis.lower - 1e-9);
        CHECK(value <= axis.upper + 1e-9);
      }
    }
  }
}

TEST_CASE("report: tick labels have the decimals that their distance asks for") {
  const Axis fine = linear_axis("", std::vector{0.021, 0.029});
  for (const double tick : fine.ticks) CHECK(tick_label(fine, tick).size() == 5);  // 0.022
  const Axis coarse = linear_axis("", std::vector{0.0, 100.0});
  CHECK(tick_label(coarse, 100) == "100");
  CHECK(tick_label(linear_axis("", std::vector{-1.0, 1.0}), -0.0) == "0.0");
  CHECK(tick_label(log_axis("", std::vector{0.001, 10.0}), 0.001) == "0.001");
}

TEST_CASE("report: a line breaks at NaN and a lonely point becomes a dot") {
  Plot plot = unit_plot();
  plot.line(std::vector<Point>{{0, 0}, {0.2, 0.2}, {0.4, kNaN}, {0.6, 0.6}, {0.7, kInfinity}, {0.8, 0.8}, {1, 1}}, "series", "a run");
  const std::string svg = plot.svg();
  CHECK(well_formedness_error(svg).empty());
  CHECK(occurrences(svg, "<circle") == 1);
  const std::string path = svg.substr(svg.find(" d=\""));
  CHECK(std::ranges::count(path.substr(0, path.find("/>")), 'M') == 2);
  CHECK(svg.find("nan") == std::string::npos);
  CHECK(svg.find("inf") == std::string::npos);
}

TEST_CASE("report: what cannot be drawn leaves no mark") {
  Plot plot = unit_plot();
  const std::string empty = plot.svg();
  plot.line(std::vector<Point>{{0, kNaN}, {1, kNaN}}, "series", "");
  plot.line({}, "series", "");
  plot.bar({0, 0}, {1, kNaN}, "bar", "");
  plot.bar({0, 0}, {1, 0}, "bar", "");
  plot.segment({kNaN, 0}, {kNaN, 1}, "rule", "");
  plot.dot({0, kInfinity}, "series", "");
  plot.cross({kNaN, kNaN}, "series", "");
  CHECK(plot.svg() == empty);
  plot.bar({0, 0}, {1, 1e-9}, "bar", "");
  CHECK(plot.svg().find("height=\"1\"") != std::string::npos);  // a bar of one image in many stays visible
}

TEST_CASE("report: text in a plot is escaped") {
  Plot plot({}, {.label = "a < b", .ticks = {0, 1}}, {.label = "\"q\" & 'r'", .ticks = {0, 1}}, "1 > 0 & \"x\"");
  plot.dot({0, 0}, "series", "<script>");
  CHECK(well_formedness_error(plot.svg()).empty());
  const std::vector<std::string> names{"<b>", "a & b", ""};
  CHECK(well_formedness_error(legend(names)).empty());
}

TEST_CASE("report: a plot as a file is well-formed by itself, labels are escaped") {
  Plot plot({}, {.label = "x"}, {.label = "y"}, "a plot");
  plot.label({.x = 0.5, .y = 0.5}, "cats & dogs");
  plot.label({.x = NAN, .y = 0.5}, "nowhere");
  const std::string file = plot.svg_file();
  CHECK(file.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(file.find("cats &amp; dogs</text>") != std::string::npos);
  CHECK(file.find("nowhere") == std::string::npos);
  CHECK(file.find(".grid {") != std::string::npos);
  CHECK(plot.svg().find("<style>") == std::string::npos);
}

TEST_CASE("report: numbers do not follow the locale") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* locale : {"de_DE.UTF-8", "fr_FR.UTF-8"}) {  // where installed
    if (std::setlocale(LC_ALL, locale) == nullptr) continue;
    CHECK(tick_label(linear_axis("", std::vector{0.0, 0.5}), 0.5) == "0.5");
  }
  std::setlocale(LC_ALL, before.c_str());
  CHECK(tick_label(linear_axis("", std::vector{0.0, 0.5}), 0.5) == "0.5");
}

TEST_CASE("report: twenty-one series look different") {
  std::vector<std::string> classes;
  for (std::size_t i = 0; i < 21; ++i) classes.push_back(series_class(i));
  std::ranges::sort(classes);
  CHECK(std::ranges::adjacent_find(classes) == classes.end());
}

}  // namespace temper::report
