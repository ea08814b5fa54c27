// A training from its data to its folder: what `temper train` and `temper distill` do, without the terminal.
//
//   auto task = tasks::make_task(recipe);
//   tasks::train_run(*task, {.command = "train", .data = "digits", .recipe = recipe}, {.folder = "runs/mine"});
#pragma once

#include <functional>
#include <string>

#include "models/tasks/task.h"
#include "models/training/trainer.h"

namespace temper::tasks {

struct TrainRunOptions {
  std::string folder;      // to keep the run in
  bool overwrite = false;  // replaces the run that the folder holds
  // Where a run in the folder was stopped, from training::Checkpoints::newest(); null: a new run.
  const training::Checkpoint* resume = nullptr;
  Index checkpoint_every = 0;      // steps between checkpoints, beside those at the end of every epoch; 0: none
  double checkpoint_minutes = 10;  // the same by the clock
  Index snapshot_every = 0;        // epochs between copies of the weights; 0: none
  DataOptions data = {};
  // The training starts now, with these settings and so many steps in an epoch.
  std::function<void(const runs::Run& record, Index steps_an_epoch)> on_start = [](const runs::Run&, Index) {};
  // Of a student: the teachers were evaluated.
  std::function<void(const runs::TeacherRecord& teacher, double accuracy)> on_teacher = [](const runs::TeacherRecord&, double) {};
  // Its on_epoch is called after log.csv was written.
  training::Observer observer = {};
};

// Loads the data, makes the model, trains it, or resumes that, measures it, and saves the run; returns its record. `record` has what is
// known before: command, data, recipe and, of a student, the teacher, which the task has loaded. All ranks call it; rank 0 writes,
// and its record alone is complete. Throws Error as soon as something is wrong, before anything is written where that is possible, and
// training::Stopped, with a checkpoint saved.
runs::Run train_run(Task& task, runs::Run record, const TrainRunOptions& options, optim::Communicator* ranks = nullptr);

}  // namespace temper::tasks
