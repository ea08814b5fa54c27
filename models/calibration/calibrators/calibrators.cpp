#include "models/calibration/calibrators/calibrators.h"

#include <algorithm>

#include "core/base/names.h"
#include "models/calibration/calibrators/ensemble.h"
#include "models/calibration/calibrators/histogram_isotonic.h"
#include "models/calibration/calibrators/linear.h"
#include "models/calibration/calibrators/temperature.h"

namespace temper::calibration {
namespace {

std::vector<const CalibratorKind*>& kinds() {
  static std::vector<const CalibratorKind*> list = {&kTemperature, &kEnsemble, &kVector, &kMatrix, &kDirichlet, &kHistogram, &kIsotonic};
  return list;
}

const CalibratorKind* find(std::string_view name) {
  const auto found = std::ranges::find(kinds(), name, &CalibratorKind::name);
  return found == kinds().end() ? nullptr : *found;
}

}  // namespace

std::span<const CalibratorKind* const> calibrator_kinds() { return kinds(); }

const CalibratorKind& calibrator_kind(std::string_view name) {
  if (const CalibratorKind* kind = find(name)) return *kind;
  std::string known;
  for (const CalibratorKind* kind : kinds()) known += (known.empty() ? "" : ", ") + std::string(kind->name);
  throw Error(str_cat(name, " is not known; ", did_you_mean(name, kinds(), &CalibratorKind::name), "give one of ", known));
}

void register_calibrator(const CalibratorKind& kind) {
  TEMPER_CHECK(find(kind.name) == nullptr, "calibrator: there is already one called ", kind.name, "; give it another name");
  kinds().push_back(&kind);
}

}  // namespace temper::calibration
