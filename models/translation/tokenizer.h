// The words that BLEU counts: the tokenisers of sacreBLEU (Post, "A Call for Clarity in Reporting BLEU Scores", WMT 2018).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace temper::translation {

enum class Tokenizer {
  none,  // words are what spaces separate
  v13a,  // mteval-v13a.pl's, the usual one: punctuation of ASCII is a word, but not within numbers
  intl,  // mteval-v14.pl's --international-tokenization: punctuation and symbols of all languages are words
};

// "none", "13a", "intl". The inverse throws Error for another name, listing these.
std::string_view name(Tokenizer tokenizer);
Tokenizer parse_tokenizer(std::string_view name);

std::vector<std::string> tokenize(std::string_view text, Tokenizer tokenizer);

}  // namespace temper::translation
