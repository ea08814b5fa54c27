// Trains the runs of a sweep, see models/runs/sweep.h: each by a `temper train` or `temper distill` of its own, several at a time.
#pragma once

#include "apps/temper/terminal/training_options.h"

namespace temper::app {

// Prints a line for each run that ends, and in the end a table. Throws Error naming the runs that failed, when all others have ended, and
// StoppedBySignal when those that ran have kept a checkpoint.
void run_sweep(const TrainingOptions& options, const runs::Sweep& sweep);

}  // namespace temper::app
