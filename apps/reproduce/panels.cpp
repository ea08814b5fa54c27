#include "apps/reproduce/panels.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/report/notation.h"
#include "apps/report/style_sheet.h"

namespace temper::reproduce {
namespace {

constexpr double kWidth = 360, kHeight = 310, kHeading = 24, kLegendLine = 20;

// The plot inside another picture: an <svg> element with a place and a size.
std::string placed(const Panel& panel, double x, double y) {
  const std::string inner = panel.plot.svg();
  return fmt::format("<text x=\"{}\" y=\"{}\" class=\"heading\">{}</text>\n<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}", x + 12,
                     y + 16, report::escape(panel.heading), x, y + kHeading, kWidth - 12, kHeight - kHeading - 8,
                     inner.substr(inner.find(' ') + 1));
}

std::string legend_of_file(std::span<const std::string> names, double y) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const double at = y + kLegendLine * static_cast<double>(i);
    text += fmt::format("<g class=\"{}\"><path class=\"line\" d=\"M12 {}h26\"/></g><text x=\"46\" y=\"{}\" class=\"key\">{}</text>\n",
                        report::series_class(i), at, at + 4, report::escape(names[i]));
  }
  return text;
}

}  // namespace

Figure make_figure(std::string file, std::span<const Panel> panels, std::size_t columns, std::span<const std::string> names,
                   std::string caption) {
  const std::size_t rows = (panels.size() + columns - 1) / columns;
  const double height = kHeight * static_cast<double>(rows), legend_height = kLegendLine * static_cast<double>(names.size());
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" class=\"sheet\" role=\"img\" aria-label=\"{}\">\n<style><![CDATA[{}"
      "svg.sheet {{ background: var(--paper); }} .heading, .key {{ font: 13px var(--sans); fill: var(--ink); }} .heading {{ font-weight: "
      "600; "
      "}}\n]]></style>\n",
      kWidth * static_cast<double>(columns), height + legend_height + 10, report::escape(caption), report::kStyleSheet);
  std::string html = "<div class=\"curves\">\n";
  for (std::size_t i = 0; i < panels.size(); ++i) {
    svg += placed(panels[i], kWidth * static_cast<double>(i % columns), kHeight * static_cast<double>(i / columns));
    html += fmt::format("<div class=\"panel\"><h4>{}</h4>\n{}</div>\n", report::escape(panels[i].heading), panels[i].plot.svg());
  }
  svg += legend_of_file(names, height + 8) + "</svg>\n";
  html += "</div>\n" + (names.empty() ? "" : report::legend(names));
  return {std::move(file), std::move(svg), std::move(html), std::move(caption)};
}

}  // namespace temper::reproduce
