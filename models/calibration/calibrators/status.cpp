#include "models/calibration/calibrators/status.h"

#include <array>
#include <utility>

#include "core/base/check.h"

namespace temper::calibration {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 5> kStatusNames{{{Status::converged, "converged"},
                                                                           {Status::at_lower_bound, "at_lower_bound"},
                                                                           {Status::at_upper_bound, "at_upper_bound"},
                                                                           {Status::not_converged, "not_converged"},
                                                                           {Status::kept_identity, "kept_identity"}}};

}  // namespace

std::string_view name(Status status) {
  for (const auto& [value, name] : kStatusNames)
    if (value == status) return name;
  throw Error("status: a status that does not exist");
}

Status parse_status(std::string_view name) {
  for (const auto& [value, known] : kStatusNames)
    if (known == name) return value;
  throw Error(str_cat(name, " is not known"));
}

}  // namespace temper::calibration
