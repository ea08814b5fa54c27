// Several plots as one picture, row by row, and as the cells of the page.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "apps/report/svg_plot.h"
#include "apps/reproduce/findings.h"

namespace temper::reproduce {

struct Panel {
  std::string heading;
  report::Plot plot;
};

// The figure as a file of its own and as HTML. names: of the series, for the legend; may be empty.
Figure make_figure(std::string file, std::span<const Panel> panels, std::size_t columns, std::span<const std::string> names,
                   std::string caption);

}  // namespace temper::reproduce
