// What the numbers of the runs at hand say, in sentences; nothing that they do not support.
#pragma once

#include <span>
#include <string>

#include "models/runs/run.h"

namespace temper::report {

// Accuracy, label smoothing, temperature, distillation and warnings, as HTML lists, one for each set of test images. A difference is
// claimed only beyond its 95 % interval, image by image; where the images of a run are not known, accuracies beyond the standard error of
// their difference, ECEs beyond what chance shows for a calibrated model, and AURCs not at all.
std::string findings(std::span<const runs::Run> runs);

}  // namespace temper::report
