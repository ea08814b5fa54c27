// What `train` and `distill` have in common: tasks::train_run at a terminal, with progress, signals obeyed and the result printed.
#pragma once

#include "apps/temper/training_options.h"
#include "models/tasks/task.h"

namespace temper::app {

// `record` has what is known before: command, data, recipe and, of a student, the teacher. Throws StoppedBySignal, with a checkpoint
// saved and how to resume.
void train_and_print(const TrainingOptions& options, tasks::Task& task, const runs::Run& record);

}  // namespace temper::app
