// What `train` and `distill` do for networks that read images.
#pragma once

#include "apps/temper/training_options.h"
#include "data/dataset.h"
#include "models/model.h"
#include "models/training/loss.h"

namespace temper::app {

// A fresh model for the data, as the recipe has it.
models::Model make_model(const training::Recipe& recipe, const data::Dataset& train);

// Trains, or goes on with training, measures, keeps the run in its folder and prints it. `record` says what is known before: command, data,
// model, recipe, teacher.
void train_and_keep(const TrainingOptions& options, const data::Splits& splits, const models::Model& model, training::RunRecord record,
                    const training::Loss& loss);

}  // namespace temper::app
