#include "models/translation/bleu.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iomanip>
#include <locale>
#include <map>
#include <sstream>

#include "core/base/check.h"
#include "data/text/unicode.h"

namespace temper::translation {
namespace {

constexpr std::size_t kOrder = Bleu::kOrder;

using Words = std::vector<std::string>;
using Counts = std::map<Words, Index>;  // of n-grams

Words tokenize_text(const std::string& text, const BleuOptions& options) {
  return tokenize(options.lower_case ? data::lower_case(text) : text, options.tokenizer);
}

Counts count_ngrams(const Words& words) {
  Counts counts;
  for (std::size_t n = 1; n <= kOrder; ++n) {
    for (std::size_t begin = 0; begin + n <= words.size(); ++begin) {
      const auto first = words.begin() + static_cast<std::ptrdiff_t>(begin);
      ++counts[Words(first, first + static_cast<std::ptrdiff_t>(n))];
    }
  }
  return counts;
}

void add_sentence(const Words& hypothesis, const std::vector<Words>& references, Bleu& sums) {
  const auto length = static_cast<Index>(hypothesis.size());
  Counts allowed;
  Index nearest = -1;
  for (const Words& reference : references) {
    for (const auto& [ngram, count] : count_ngrams(reference)) {
      Index& most = allowed[ngram];
      most = std::max(most, count);
    }
    const auto other = static_cast<Index>(reference.size());
    const Index distance = std::abs(other - length), best = std::abs(nearest - length);
    if (nearest < 0 || distance < best || (distance == best && other < nearest)) nearest = other;
  }
  for (const auto& [ngram, count] : count_ngrams(hypothesis)) {
    const auto found = allowed.find(ngram);
    sums.totals[ngram.size() - 1] += count;
    if (found != allowed.end()) sums.matches[ngram.size() - 1] += std::min(count, found->second);
  }
  sums.hypothesis_length += length;
  sums.reference_length += nearest;
}

double smoothing_value(const BleuOptions& options) {
  return options.smoothing_value.value_or(options.smoothing == BleuSmoothing::floor ? 0.1 : 1);
}

// The score from the sums over the corpus.
void finish(const BleuOptions& options, Bleu& bleu) {
  const auto hypothesis = static_cast<double>(bleu.hypothesis_length), reference = static_cast<double>(bleu.reference_length);
  bleu.brevity_penalty = hypothesis >= reference ? 1 : hypothesis > 0 ? std::exp(1 - reference / hypothesis) : 0;
  if (std::all_of(bleu.matches.begin(), bleu.matches.end(), [](Index matches) { return matches == 0; })) return;

  double halved = 1;
  std::size_t order = kOrder;
  for (std::size_t n = 0; n < kOrder; ++n) {
    const double added = options.smoothing == BleuSmoothing::add_k && n > 0 ? smoothing_value(options) : 0;
    const double matches = static_cast<double>(bleu.matches[n]) + added, total = static_cast<double>(bleu.totals[n]) + added;
    if (total == 0) break;
    if (options.effective_order) order = n + 1;
    if (matches > 0) {
      bleu.precisions[n] = 100 * matches / total;
    } else if (options.smoothing == BleuSmoothing::exponential) {
      halved *= 2;
      bleu.precisions[n] = 100 / (halved * total);
    } else if (options.smoothing == BleuSmoothing::floor) {
      bleu.precisions[n] = 100 * smoothing_value(options) / total;
    }
  }
  double sum = 0;
  for (std::size_t n = 0; n < order; ++n) sum += std::log(bleu.precisions[n]);  // -inf for 0, which makes the score 0
  bleu.score = std::min(100.0, bleu.brevity_penalty * std::exp(sum / static_cast<double>(order)));
}

}  // namespace

Bleu bleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references, const BleuOptions& options) {
  TEMPER_CHECK(!hypotheses.empty() && !references.empty(), "bleu: ", hypotheses.size(), " hypotheses and ", references.size(),
               " sets of references; give at least one of both");
  for (std::size_t set = 0; set < references.size(); ++set) {
    TEMPER_CHECK(references[set].size() == hypotheses.size(), "bleu: ", hypotheses.size(), " hypotheses, but set ", set + 1,
                 " of the references has ", references[set].size(), " lines; give one for each");
  }
  const double value = smoothing_value(options);
  TEMPER_CHECK(value >= 0 && std::isfinite(value), "bleu: a smoothing value of ", value, "; give a finite number of at least 0");
  Bleu result;
  std::vector<Words> of_sentence(references.size());
  for (std::size_t i = 0; i < hypotheses.size(); ++i) {
    for (std::size_t set = 0; set < references.size(); ++set) of_sentence[set] = tokenize_text(references[set][i], options);
    add_sentence(tokenize_text(hypotheses[i], options), of_sentence, result);
  }
  finish(options, result);
  return result;
}

std::string signature(const BleuOptions& options, std::size_t references) {
  std::ostringstream smoothing;
  smoothing.imbue(std::locale::classic());
  smoothing << std::fixed << std::setprecision(2);
  switch (options.smoothing) {
    case BleuSmoothing::none:
      smoothing << "none";
      break;
    case BleuSmoothing::floor:
      smoothing << "floor[" << smoothing_value(options) << ']';
      break;
    case BleuSmoothing::add_k:
      smoothing << "add-k[" << smoothing_value(options) << ']';
      break;
    case BleuSmoothing::exponential:
      smoothing << "exp";
      break;
  }
  return str_cat("nrefs:", references, "|case:", options.lower_case ? "lc" : "mixed", "|eff:", options.effective_order ? "yes" : "no",
                 "|tok:", name(options.tokenizer), "|smooth:", smoothing.str(), "|version:temper");
}

std::string describe(const Bleu& bleu) {
  const double ratio =
      bleu.reference_length > 0 ? static_cast<double>(bleu.hypothesis_length) / static_cast<double>(bleu.reference_length) : 0;
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << std::fixed << std::setprecision(2) << "BLEU = " << bleu.score << ' ' << std::setprecision(1);
  for (std::size_t n = 0; n < kOrder; ++n) text << (n ? "/" : "") << bleu.precisions[n];
  text << std::setprecision(3) << " (BP = " << bleu.brevity_penalty << " ratio = " << ratio << " hyp_len = " << bleu.hypothesis_length
       << " ref_len = " << bleu.reference_length << ')';
  return text.str();
}

}  // namespace temper::translation
