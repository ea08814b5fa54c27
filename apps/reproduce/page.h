// The page of a reproduction, and the files beside it.
#pragma once

#include <string>
#include <vector>

#include "apps/reproduce/experiments.h"

namespace temper::reproduce {

struct Chapter {
  const Experiment* experiment;
  Findings findings;
};

// How far the plan was when the page was made.
struct Extent {
  int done = 0, all = 0;  // steps
};

// HTML in UTF-8 that needs nothing beside itself. The same chapters give the same bytes.
std::string page(const ExperimentSetup& setup, const std::vector<Chapter>& chapters, const Extent& extent);

// Every number with its seed and the file it comes from.
std::string numbers_csv(const std::vector<Chapter>& chapters);

// index.html, numbers.csv and the figures in a folder.
void write_files(const std::string& folder, const ExperimentSetup& setup, const std::vector<Chapter>& chapters, const Extent& extent);

}  // namespace temper::reproduce
