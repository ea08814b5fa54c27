// The run of a translation model: as models/training/run.h has it, and beside that
//
//   subwords.model   the model of SentencePiece that the network reads and writes
//   run.json         also "text", how text is read, and "bleu", of the test part
#pragma once

#include <optional>
#include <string>

#include "data/text/text_splits.h"
#include "models/training/run.h"
#include "models/translation/bleu.h"
#include "models/translation/model.h"

namespace temper::translation {

// A BLEU and what it was measured with.
struct Score {
  Bleu bleu = {};
  std::string signature = "";
  Index beam = 0;
  double length_penalty = 0;
};

void save_run(const std::string& folder, const Model& model, const training::RunRecord& record, const Score& score);

struct LoadedRun {
  Model model;
  std::string data;
  training::Recipe recipe = {};
  std::optional<training::StoredCalibrator> calibrator;

  // The temperature that decoding and `temper eval` apply: of the calibrator, where it is one.
  double temperature() const { return calibrator && calibrator->temperature ? *calibrator->temperature : 1; }
};
// Whether the folder holds such a run; false also when it holds none at all.
bool is_translation_run(const std::string& folder);
// Everything is checked; throws Error naming the file and what is wrong.
LoadedRun load_run(const std::string& folder);

// How load_text reads the data of a recipe.
data::TextLoadOptions load_options(const training::Recipe& recipe);

}  // namespace temper::translation
