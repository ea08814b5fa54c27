// How the fit of a calibrator ended.
#pragma once

#include <string_view>

namespace temper::calibration {

enum class Status {
  converged,       // what is minimised has its minimum at the parameters found
  at_lower_bound,  // temperature: the NLL still falls towards T = 0: no mistake in the data, or logits of a tiny scale
  at_upper_bound,  // temperature: the NLL still falls towards T = infinity: the logits say less than nothing, or are of a huge scale
  not_converged,   // the solver took all its steps: better than the start, but not the minimum
  kept_identity,   // nothing that was found is better than to leave the logits alone
};

// "converged", "at_lower_bound", "at_upper_bound", "not_converged", "kept_identity".
std::string_view to_string(Status status);
Status status_of(std::string_view name);  // throws Error for a name that is none

}  // namespace temper::calibration
