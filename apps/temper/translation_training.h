// What `train` and `distill` do for networks that translate.
#pragma once

#include <string>

#include "apps/temper/training_options.h"
#include "data/text/text_splits.h"
#include "models/translation/run.h"

namespace temper::app {

inline constexpr Index kLongestMeasured = 2048;  // subwords; longer sentences are left out of the metrics of next words

// Reads the text, with word of it to a person who waits.
data::TextSplits load_text(const std::string& spec, const training::Recipe& recipe);

// Trains, or goes on with training, measures, keeps the run in its folder and prints it. `record` says what is known before: command, data,
// model, recipe, teacher. A teacher's subwords are the student's too.
void train_translation(const TrainingOptions& options, training::RunRecord record, const translation::LoadedRun* teacher = nullptr);

}  // namespace temper::app
