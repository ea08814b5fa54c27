// What the numbers of the runs at hand say, in sentences; nothing that they do not support.
#pragma once

#include <span>
#include <string>

#include "models/runs/run.h"

namespace temper::report {

// Accuracy, label smoothing, temperature, distillation and warnings, as HTML lists, one for each set of test images. Accuracies are called
// different only beyond the standard error of their difference, ECEs only beyond what chance shows for a calibrated model.
std::string findings(std::span<const runs::Run> runs);

}  // namespace temper::report
