#include "models/training/run_state.h"

namespace temper::training {

EpochRecord RunningEpoch::record(Index epoch) const {
  const auto count = static_cast<double>(samples);
  return {.epoch = epoch,
          .learning_rate = learning_rate,
          .train_loss = loss / count,
          .train_accuracy = static_cast<double>(correct) / count,
          .seconds = seconds,
          .samples_per_second = count / seconds};
}

}  // namespace temper::training
