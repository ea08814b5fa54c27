// BLEU of a corpus: Papineni et al., ACL 2002, as sacreBLEU 2 defines it.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/shape.h"
#include "models/translation/tokenizer.h"

namespace temper::translation {

// The value of a precision without matches, after Chen and Cherry, WMT 2014. It has nothing to do with label smoothing.
enum class BleuSmoothing {
  none,
  floor,        // value / n-grams; 0.1
  add_k,        // (matches + value) / (n-grams + value) from two words on; 1
  exponential,  // 1 / (2^k n-grams) for the k-th such precision: the usual one
};

struct BleuOptions {
  Tokenizer tokenizer = Tokenizer::v13a;
  bool lower_case = false;  // regardless of case
  BleuSmoothing smoothing = BleuSmoothing::exponential;
  std::optional<double> smoothing_value = {};  // of floor and add_k; absent: the number above
  bool effective_order = false;  // n-grams longer than every hypothesis do not count: for single sentences, which BLEU was not made for
};

struct Bleu {
  static constexpr std::size_t kOrder = 4;

  double score = 0;                         // 0..100
  std::array<double, kOrder> precisions{};  // of one to four words, smoothed, 0..100
  std::array<Index, kOrder> matches{}, totals{};
  double brevity_penalty = 0;
  Index hypothesis_length = 0, reference_length = 0;  // words; of several references the one nearest in length
};

// 100 brevity_penalty exp(mean of log precision_n), with matches and lengths summed over the corpus, n-grams of a hypothesis matching as
// often as the reference that has most of them, and the brevity penalty min(1, exp(1 - reference_length / hypothesis_length)). references:
// one set or several, each with a line for every hypothesis. Texts as people write them: subwords joined, not tokenised. ensures: 0 when
// nothing matches, also for an empty hypothesis, and when no hypothesis has four words, unless effective_order. Throws Error when a set has
// another number of lines than there are hypotheses, or there is none of either.
Bleu bleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references, const BleuOptions& options = {});

// "nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:temper": what a reader needs to compare the score.
std::string signature(const BleuOptions& options, std::size_t references);

// A BLEU and what it was measured with.
struct Score {
  Bleu bleu = {};
  std::string signature = "";
  Index beam = 0;
  double length_penalty = 0;
};

// "BLEU = 35.12 67.0/42.1/28.0/18.9 (BP = 0.980 ratio = 0.981 hyp_len = 11000 ref_len = 11220)".
std::string describe(const Bleu& bleu);

}  // namespace temper::translation
