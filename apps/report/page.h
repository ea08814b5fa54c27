// The report: one HTML page over one or several finished runs.
#pragma once

#include <span>
#include <string>

#include "models/runs/run.h"

namespace temper::report {

// A whole page in UTF-8 that needs nothing beside itself: style and figures are inline, there is no script. The same records give the same
// bytes. Runs that share a name are numbered. Throws Error when `runs` is empty. Writing the file is up to the caller.
std::string page(std::span<const runs::Run> runs);

// The page of logits that no run of temper made: `name` is that of their file. Reliability before and after, risk against coverage, the NLL
// against T, and the advice.
std::string page_of_logits(const std::string& name, const calibration::CalibrationRecord& record);

}  // namespace temper::report
