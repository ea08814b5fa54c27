// The paper's tables and figures, each a plan and what its runs show: "When Does Label Smoothing Help?" (Müller, Kornblith, Hinton, NeurIPS
// 2019). One source file each.
#pragma once

#include <span>
#include <string_view>

#include "apps/reproduce/findings.h"
#include "apps/reproduce/plan.h"

namespace temper::reproduce {

struct Experiment {
  std::string_view name;      // "table2"
  std::string_view title;     // "Table 2: accuracy with and without label smoothing"
  std::string_view question;  // a sentence or two for readers who do not know the paper
  void (*add_steps)(const ExperimentSetup& scene, Plan& plan);
  Findings (*evaluate)(const ExperimentSetup& scene, const Results& results);  // of what is there
};

extern const Experiment kTable2, kTable3, kFigure1, kFigure2, kFigure4, kFigure5, kFigure6, kMnist;

// In the order of the paper.
std::span<const Experiment* const> experiments();
// Those of a name, or of "all". Throws Error for a name that is none.
std::vector<const Experiment*> experiments(std::string_view name);

}  // namespace temper::reproduce
