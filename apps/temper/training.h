// What `train` and `distill` have in common: a task is trained and kept as a run.
#pragma once

#include "apps/temper/training_options.h"
#include "models/tasks/task.h"

namespace temper::app {

// Reads the data, trains, or resumes the training, measures, keeps the run in its folder and prints it. `record` has what is known before:
// command, data, recipe and, of a student, the teacher.
void train_and_keep(const TrainingOptions& options, tasks::Task& task, training::RunRecord record);

}  // namespace temper::app
