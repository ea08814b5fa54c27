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

// Whether a fit that ended so is for use. At a bound of its search the data do not tell how sure the model may be, however low the NLL is
// there: on others it can be a hundred times higher. A study then leaves the logits as they are, and keeps the status.
constexpr bool at_bound(Status status) { return status == Status::at_lower_bound || status == Status::at_upper_bound; }
constexpr bool is_applied(Status status) { return status == Status::converged || status == Status::not_converged; }

// "converged", "at_lower_bound", "at_upper_bound", "not_converged", "kept_identity".
std::string_view name(Status status);
Status parse_status(std::string_view name);  // throws Error for a name that is none

}  // namespace temper::calibration
