// Greedy and beam search for translations.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/text/parallel_corpus.h"
#include "data/text/sequences.h"
#include "data/text/subwords.h"
#include "models/networks/transformer.h"

namespace temper::translation {

struct SearchOptions {
  Index beam = 4;               // translations that are followed at a time; 1: greedy
  double length_penalty = 0.6;  // alpha; 0: the likeliest, which is often too short
  double temperature = 1;       // of next words: softmax(z / temperature), as calibrated; changes which translation a beam prefers
  Index extra_length = 50;      // a translation ends after that many words more than its source has
};

struct Translation {
  std::vector<std::int32_t> ids;  // without begin and end
  double log_probability = 0;     // of them and the end
  bool ended = false;             // false: cut off at the greatest length
};

// For every source, which ends in kEnd, the best of the translations found by beam search: that with the largest
//   log P(y | x) / ((5 + |y|) / 6)^alpha,   |y| with the end    (Wu et al., "Google's Neural Machine Translation System", 2016).
// A translation is finished when its end is among the `beam` best next words of all that are followed; the search ends when `beam` are
// finished and none that is followed can overtake them. Keys and values of the words so far are kept, not computed again.
// Evaluates, also inside a training step. The result for a sentence does not depend on the others, apart from rounding.
std::vector<Translation> search(const models::Transformer& network, const data::Sequences& source, const SearchOptions& options = {});

struct TranslateOptions {
  SearchOptions search = {};
  data::TextOptions text = {};  // as the network's training text
  // A longer line is cut to so many subwords, for the work of a sentence grows with the square of its length: on_cut is told its number,
  // counted from 1, and its subwords.
  Index longest = 1000;
  std::function<void(Index line, Index subwords)> on_cut = {};
  Index batch_tokens = 4096;                         // of source, padding included, times the beam; a longer sentence is a batch of its own
  std::function<void(Index done)> on_progress = {};  // lines
};

// Lines of text, in their order; a line without text gives one. Sentences of like length are translated together.
std::vector<std::string> translate(const models::Transformer& network, const data::Subwords& subwords, std::span<const std::string> lines,
                                   const TranslateOptions& options = {});

}  // namespace temper::translation
