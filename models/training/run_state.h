// The state of a training run between two steps. Together with its recipe, its data and its arenas (optim/checkpoint.h) it determines every
// bit of what follows: the order of the images, the augmentation, dropout and the learning rate are functions of these numbers and the
// seed.
#pragma once

#include <vector>

#include "models/calibration/metrics/metrics.h"

namespace temper::training {

// A line of log.csv. Samples are images, or words of translations. `train_loss` is the loss that was minimised, smoothed or distilled;
// `val` is plain: never smoothed, at temperature 1.
struct EpochRecord {
  Index epoch = 0;  // from 1
  double learning_rate = 0;
  double train_loss = 0, train_accuracy = 0;
  calibration::Metrics val = {};
  double seconds = 0;  // of training in this epoch
  double samples_per_second = 0;
};

// The sums of the epoch that runs.
struct RunningEpoch {
  double learning_rate = 0;  // of its first step
  double loss = 0;           // times samples
  Index correct = 0, samples = 0;
  double seconds = 0;

  EpochRecord record(Index epoch) const;  // without `val`
};

struct RunState {
  Index step = 0;     // steps done
  Index batches = 0;  // those of the epoch that runs
  RunningEpoch running = {};
  std::vector<EpochRecord> epochs = {};  // that are over
  double seconds = 0;                    // of training and evaluation
};

}  // namespace temper::training
