#include "apps/reproduce/experiments.h"

#include <array>

#include "core/base/names.h"

namespace temper::reproduce {

std::span<const Experiment* const> experiments() {
  static const std::array all{&kFigure1, &kTable2, &kTable3, &kFigure2, &kFigure4, &kMnist, &kFigure5, &kFigure6};
  return all;
}

std::vector<const Experiment*> experiments(std::string_view name) {
  std::vector<const Experiment*> found;
  std::string known;
  for (const Experiment* experiment : experiments()) {
    if (name == experiment->name || name == "all") found.push_back(experiment);
    known += str_cat(experiment->name, ", ");
  }
  TEMPER_CHECK(!found.empty(), name, " is not known; ", did_you_mean(name, experiments(), &Experiment::name), "give ", known, "or all");
  return found;
}

}  // namespace temper::reproduce
