// What `train` and `distill` share: runs tasks::train_run with progress and signal handling, and prints the result.
#pragma once

#include "apps/temper/terminal/training_options.h"
#include "models/tasks/task.h"

namespace temper::app {

// `record` has what is known before: command, data, recipe and, of a student, the teacher. Throws StoppedBySignal, with a checkpoint
// saved and how to resume.
void train_and_print(const TrainingOptions& options, tasks::Task& task, const runs::Run& record);

}  // namespace temper::app
