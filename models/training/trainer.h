// The training loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/loader.h"
#include "models/calibration/metrics.h"
#include "models/model.h"
#include "models/training/loss.h"
#include "models/training/recipe.h"

namespace temper::training {

struct Progress {
  Index epoch = 0, epochs = 0;  // the epoch that runs, from 1
  Index step = 0, steps = 0;    // steps done and all steps, of the whole run
  double loss = 0;              // of the last batch
  double images_per_second = 0;
  double seconds_left = 0;
};

// A line of log.csv. `train_loss` is the loss that was minimised, smoothed or distilled; `val` is plain: never smoothed, at temperature 1.
struct EpochRecord {
  Index epoch = 0;  // from 1
  double learning_rate = 0;
  double train_loss = 0, train_accuracy = 0;
  calibration::Metrics val = {};
  double seconds = 0;  // of training in this epoch
  double images_per_second = 0;
};

struct Observer {
  std::function<void(const Progress&)> on_step = [](const Progress&) {};
  std::function<void(const EpochRecord&)> on_epoch = [](const EpochRecord&) {};
  std::function<void(const std::string&)> on_warning = [](const std::string&) {};
};

// Trains the model for recipe.epochs, or recipe.steps, and leaves it with its last weights, or their average where the recipe has one; that
// is also what is evaluated after each epoch. The result is a function of the model, the data and
// the recipe alone, not of the number of threads. Throws Error, naming epoch and step, as soon as a loss is not a finite number.
std::vector<EpochRecord> train(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set,
                               const Recipe& recipe, const Loss& loss, const Observer& observer = {});

}  // namespace temper::training
