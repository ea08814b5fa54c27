#include "models/calibration/calibrators/calibrator_kind.h"

#include "core/base/check.h"

namespace temper::calibration {

Fitted fit(const CalibratorKind& kind, const RowSubset& held_out, const FitOptions& options, const Fitted* start) {
  TEMPER_CHECK(options.tolerance > 0 && options.most_steps >= 1, "fit: the tolerance ", options.tolerance, " and the ", options.most_steps,
               " steps must be above 0");
  Fitted fitted = kind.fit(held_out, options, start != nullptr && start->kind == &kind ? start->calibrator.get() : nullptr);
  fitted.kind = &kind;
  return fitted;
}

std::unique_ptr<const Calibrator> make_calibrator(const CalibratorKind& kind, Index classes, const Parameters& parameters) {
  TEMPER_CHECK(classes >= 1, "classes: ", classes, " classes; there must be at least one");
  return kind.make(classes, parameters);
}

const std::vector<double>& find_parameter(const Parameters& parameters, const char* name, Index count) {
  const auto found = parameters.find(name);
  TEMPER_CHECK(found != parameters.end(), name, ": it is missing; calibrate again");
  TEMPER_CHECK(count < 0 || static_cast<Index>(found->second.size()) == count, name, ": ", found->second.size(),
               " numbers where there must be ", count, "; calibrate again");
  return found->second;
}

}  // namespace temper::calibration
