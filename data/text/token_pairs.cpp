#include "data/text/token_pairs.h"

#include "core/base/check.h"
#include "core/base/fingerprint.h"
#include "core/engine/parallel.h"

namespace temper::data {
namespace {

using Sentences = std::vector<std::vector<std::int32_t>>;

Sentences encode_all(const std::vector<std::string>& lines, const Subwords& subwords) {
  constexpr Index kLines = 64;
  Sentences sentences(lines.size());
  parallel_for(static_cast<Index>(lines.size()), kLines, [&](Index begin, Index end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) sentences[i] = subwords.encode(lines[i]);
  });
  return sentences;
}

}  // namespace

std::string TokenPairs::fingerprint() const {
  Fingerprint all;
  for (const Sentences* side : {&source, &target}) {
    for (const auto& sentence : *side) all.add(std::span<const std::int32_t>(sentence)).add("/");
  }
  return all.hex();
}

TokenPairs tokenise(const ParallelCorpus& corpus, const Subwords& subwords, Index most) {
  TEMPER_CHECK(most >= 1, corpus.name, ": sentences of at most ", most, " tokens; allow at least one");
  TokenPairs pairs{.name = corpus.name, .vocabulary = subwords.size()};
  Sentences source = encode_all(corpus.source, subwords), target = encode_all(corpus.target, subwords);
  for (std::size_t line = 0; line < source.size(); ++line) {
    if (source[line].empty() || target[line].empty()) {
      ++pairs.empty;
    } else if (static_cast<Index>(std::max(source[line].size(), target[line].size())) > most) {
      ++pairs.too_long;
    } else {
      pairs.source.push_back(std::move(source[line]));
      pairs.target.push_back(std::move(target[line]));
      pairs.lines.push_back(static_cast<Index>(line));
    }
  }
  TEMPER_CHECK(pairs.size() > 0, corpus.name, ": ", pairs.empty, " lines without text and ", pairs.too_long, " of more than ", most,
               " tokens leave no pair; check the files");
  return pairs;
}

std::string describe(const TokenPairs& pairs, Index most) {
  std::string text = str_cat(pairs.size(), " pairs");
  if (pairs.empty + pairs.too_long > 0)
    text += str_cat(", ", pairs.empty, " without text and ", pairs.too_long, " of more than ", most, " tokens left out");
  return text;
}

}  // namespace temper::data
