// The quality of a translation model: its translations, and the probabilities of its next words.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/text/token_pairs.h"
#include "models/translation/bleu.h"
#include "models/translation/model.h"
#include "models/translation/search.h"

namespace temper::translation {

struct EvaluationOptions {
  SearchOptions search = {};
  std::function<void(Index done, Index all)> on_progress = {};  // sentences
  std::function<void(Index line, Index subwords)> on_cut = {};  // as that of TranslateOptions, for each line of the corpus
};

// BLEU of the translations of a corpus against it, with tokeniser 13a, without regard to case when the model reads without capitals.
Score score_translations(const Model& model, const data::ParallelCorpus& corpus, const EvaluationOptions& options = {});

// A point of the paper's figure 4: temperature scaling trades likelihood against BLEU.
struct TemperaturePoint {
  double temperature = 1;
  double bleu = 0;          // of beam search at that temperature
  double nll = 0, ece = 0;  // of next words, given the right ones before
};
// At each of the temperatures. `pairs` are the corpus in the model's subwords. The logits of next words are computed once.
std::vector<TemperaturePoint> temperature_curve(const Model& model, const data::ParallelCorpus& corpus, const data::TokenPairs& pairs,
                                                std::span<const double> temperatures, const EvaluationOptions& options = {});

}  // namespace temper::translation
