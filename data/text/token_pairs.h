// A tokenised parallel corpus.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/text/parallel_corpus.h"
#include "data/text/subwords.h"

namespace temper::data {

struct TokenPairs {
  std::string name;
  Index vocabulary = 0;
  // (pairs) sentences without begin and end.
  std::vector<std::vector<std::int32_t>> source = {}, target = {};
  std::vector<Index> lines = {};  // (pairs) where in the corpus they stand, from 0

  // Lines of the corpus that are no pair here.
  Index empty = 0;     // no text on one side
  Index too_long = 0;  // more tokens than the most on one side

  Index size() const { return static_cast<Index>(source.size()); }
  std::string fingerprint() const;  // of the ids
};

// requires: most >= 1 tokens a sentence.
TokenPairs tokenise(const ParallelCorpus& corpus, const Subwords& subwords, Index most = 128);

// "28,997 pairs, 2 without text and 1 of more than 128 tokens left out", for progress and reports.
std::string describe(const TokenPairs& pairs, Index most = 128);

}  // namespace temper::data
