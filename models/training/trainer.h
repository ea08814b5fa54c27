// The training loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "models/networks/model.h"
#include "models/training/checkpoints.h"
#include "models/training/loss.h"
#include "models/training/objective.h"
#include "models/training/recipe.h"
#include "models/training/run_state.h"
#include "optim/distributed/communicator.h"

namespace temper::training {

struct Progress {
  Index epoch = 0, epochs = 0;                       // the epoch that runs, from 1
  Index step = 0, steps = 0;                         // steps done and all steps, of the whole run
  double loss = 0;                                   // of the last batch
  double learning_rate = 0;                          // of the last step
  double gradient_norm = calibration::kNotMeasured;  // of the last step, before clipping; measured every recipe.log_steps steps
  Index samples = 0;                                 // that this process has learned
  double samples_per_second = 0;
  double seconds_left = 0;
};

struct Observer {
  std::function<void(const Progress&)> on_step = [](const Progress&) {};
  // The epochs that are over, the last of them just now, or, for a run that is resumed, before it begins.
  std::function<void(const std::vector<EpochRecord>&)> on_epoch = [](const std::vector<EpochRecord>&) {};
  std::function<void(const std::string&)> on_warning = [](const std::string&) {};
  // Asked after each step: is the run to end here, with a checkpoint?
  std::function<bool()> stop = [] { return false; };
};

struct Checkpointing {
  std::string run = {};  // the folder of the run; empty: there will be no checkpoints
  RunPlan plan = {};
  Index every_steps = 0;     // beside the start of the run and the end of each epoch; 0: no
  double every_seconds = 0;  // the same by the clock
  const Checkpoint* resume = nullptr;
};

// Thrown when the observer asked to stop.
struct Stopped : std::exception {
  explicit Stopped(const RunState& state) : step(state.step), epoch(static_cast<Index>(state.epochs.size()) + 1) {}
  const char* what() const noexcept override { return "the training was stopped"; }
  Index step, epoch;  // steps done; the epoch, from 1
};

// Trains for recipe.epochs, or recipe.steps, or until recipe.patience is over, and leaves the parameters with their last values, or their
// average where the recipe has one, or those of the best epoch (recipe.keep); that is also what is evaluated after each epoch. The result
// is a function of the first values, the data and the recipe alone: not of the number of threads, nor of how often the run was stopped,
// killed and resumed. Throws Error, naming epoch, step and the first layer that is to blame, as soon as a loss is not a finite number, and
// Stopped.
//
// ranks: the processes that train together, all of which call this with the same objective and recipe, which is made sure. With
// recipe.shards they may be any number, the result is the same; rank 0 writes checkpoints, which all read.
std::vector<EpochRecord> train(Objective& objective, const Recipe& recipe, const Observer& observer = {},
                               const Checkpointing& checkpointing = {}, optim::Communicator* ranks = nullptr);

// The same for a classifier of images.
std::vector<EpochRecord> train(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set,
                               const Recipe& recipe, const Loss& loss, const Observer& observer = {},
                               const Checkpointing& checkpointing = {}, optim::Communicator* ranks = nullptr);

}  // namespace temper::training
