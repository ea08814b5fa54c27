// The options that `train` and `distill` share.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "data/dataset.h"
#include "models/model.h"
#include "models/training/recipe.h"
#include "models/training/run.h"
#include "models/training/trainer.h"

namespace temper::app {

// What the command line said; what it did not say comes from the recipe of the data.
struct TrainingOptions {
  std::string data, model, out;
  bool overwrite = false, json = false;
  int threads = 0;  // 0: all cores

  std::optional<Index> epochs, batch, crop;
  std::optional<float> smoothing, learning_rate, momentum, dampening, weight_decay, clip, warm_up;
  std::optional<bool> nesterov, decay_norm_and_bias, flip;
  std::optional<int> shift;
  std::optional<std::string> optimizer, schedule, standardize;
  std::optional<std::vector<float>> milestones;
  std::optional<std::uint64_t> seed;

  void add_to(CLI::App& command);
  training::Recipe recipe() const;  // checked
  void use_threads() const;
};

// Trains, measures, keeps the run in its folder and prints it. `record` says what is known before: command, data, model, recipe, teacher.
void train_and_keep(const TrainingOptions& options, const data::Splits& splits, const models::Model& model, training::RunRecord record,
                    const training::Loss& loss);

}  // namespace temper::app
