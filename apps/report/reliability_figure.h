// Reliability diagrams (Niculescu-Mizil & Caruana 2005; Guo et al. 2017): accuracy against confidence, before and after temperature.
#pragma once

#include <span>
#include <string>

#include "models/runs/run.h"

namespace temper::report {

// A card for each run: the diagram at T = 1 and, if the run is calibrated, at its temperature, each above the histogram of its confidences;
// and a text that says how to read them. A sentence replaces a diagram whose bins are missing.
std::string reliability_figures(std::span<const runs::Run> runs);

// The fill patterns that the diagrams refer to; once a page.
std::string reliability_patterns();

}  // namespace temper::report
