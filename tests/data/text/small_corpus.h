// A made-up language pair, for tests: the translation spells its words backwards.
#pragma once

#include <algorithm>
#include <string>

#include "core/base/random.h"
#include "data/text/parallel_corpus.h"

namespace temper::tests {

inline data::ParallelCorpus small_corpus(Index pairs, std::uint64_t seed = 1) {
  constexpr const char* kWords[] = {"ein", "hund", "rennt", "über", "die", "straße", "mann", "kind", "spielt", "rot"};
  const Random random(seed, {});
  data::ParallelCorpus corpus{.name = "small", .source = {}, .target = {}};
  std::uint64_t draw = 0;
  for (Index i = 0; i < pairs; ++i) {
    std::string source, target;
    for (std::uint32_t word = 0, words = 1 + random.below(draw++, 9); word < words; ++word) {
      std::string text = kWords[random.below(draw++, 10)];
      source += (word ? " " : "") + text;
      if (text.find('\xC3') == text.npos) std::reverse(text.begin(), text.end());  // umlauts are two bytes
      target += (word ? " " : "") + text;
    }
    corpus.source.push_back(source);
    corpus.target.push_back(target);
  }
  return corpus;
}

}  // namespace temper::tests
