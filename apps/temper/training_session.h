// A training as a command runs it: in its folder, which nobody else takes, with progress, the log, checkpoints, and signals obeyed.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "apps/temper/training_options.h"
#include "core/file.h"
#include "models/training/objective.h"

namespace temper::app {

// What the run is, which a checkpoint must agree with. data: the fingerprint of what is learned.
training::RunPlan plan_of(const training::RunRecord& record, std::string data);

class TrainingSession {
 public:
  // Takes the folder. Throws Error when it holds another run, or the one to be resumed was begun otherwise. Keeps a reference.
  TrainingSession(const TrainingOptions& options, training::RunPlan plan);

  // Throws StoppedBySignal, with a checkpoint kept and how to go on.
  std::vector<training::EpochRecord> train(training::Objective& objective, const training::Recipe& recipe);

  double seconds() const;  // of this and of the processes that came to the checkpoint

 private:
  const TrainingOptions& options_;
  const training::RunPlan plan_;
  std::optional<FolderLock> lock_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace temper::app
