// The result of fitting a calibrator.
#pragma once

#include <string_view>

namespace temper::calibration {

enum class Status {
  converged,       // what is minimised has its minimum at the parameters found
  at_lower_bound,  // temperature: the NLL still falls towards T = 0: no mistake in the data, or logits of a tiny scale
  at_upper_bound,  // temperature: the NLL still falls towards T = infinity: the logits are worse than useless, or of a huge scale
  not_converged,   // the solver took all its steps: better than the start, but not the minimum
  kept_identity,   // no calibrator was better than leaving the logits unchanged
};

// "converged", "at_lower_bound", "at_upper_bound", "not_converged", "kept_identity".
std::string_view name(Status status);
Status parse_status(std::string_view name);  // throws Error for a name that is none

}  // namespace temper::calibration
