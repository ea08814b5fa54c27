#include "models/translation/bleu.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "core/base/check.h"
#include "data/text/parallel_corpus.h"

namespace temper::translation {
namespace {

using doctest::Approx;
using Lines = std::vector<std::string>;

double score(const Lines& hypotheses, const std::vector<Lines>& references, const BleuOptions& options = {}) {
  return bleu(hypotheses, references, options).score;
}

TEST_CASE("bleu: a short hypothesis pays for its brevity") {
  const Bleu result = bleu(Lines{"a b c d e"}, std::vector<Lines>{{"a b c d e f g"}});
  CHECK(result.score == Approx(67.032004604).epsilon(1e-9));
  CHECK(result.brevity_penalty == Approx(0.670320046).epsilon(1e-9));
  CHECK(describe(result) == "BLEU = 67.03 100.0/100.0/100.0/100.0 (BP = 0.670 ratio = 0.714 hyp_len = 5 ref_len = 7)");
}

TEST_CASE("bleu: of a text and itself it is 100, whatever the lengths") {
  for (int words = 4; words < 200; ++words) {
    std::string line;
    for (int i = 0; i < words; ++i) line += "w" + std::to_string(i * 7919 % 31) + " ";
    CHECK(score({line, "a b c d"}, {{line, "a b c d"}}) <= 100);
    CHECK(score({line}, {{line}}) == Approx(100));
  }
}

TEST_CASE("bleu: a score depends on the tokeniser, and says which") {
  const Lines hypothesis = {"the cat sat on the mat."};
  const std::vector<Lines> reference = {{"the cat sat on the mat ."}};
  CHECK(score(hypothesis, reference, {.tokenizer = Tokenizer::none}) == Approx(64.318702182).epsilon(1e-9));
  CHECK(score(hypothesis, reference) == Approx(100).epsilon(1e-9));
  CHECK(signature({}, 1) == "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:temper");
  CHECK(signature({.tokenizer = Tokenizer::intl, .lower_case = true, .smoothing = BleuSmoothing::floor, .effective_order = true}, 2) ==
        "nrefs:2|case:lc|eff:yes|tok:intl|smooth:floor[0.10]|version:temper");
  CHECK(signature({.smoothing = BleuSmoothing::add_k, .smoothing_value = 0.5}, 1).find("smooth:add-k[0.50]") != std::string::npos);
}

TEST_CASE("bleu: nothing, too little, and the wrong number") {
  CHECK(score({""}, {{"a b c d"}}) == 0);
  CHECK(score({"x"}, {{""}}) == 0);
  CHECK(score({"two words"}, {{"two words"}}) == 0);  // no four words anywhere
  CHECK(score({"two words"}, {{"two words"}}, {.smoothing = BleuSmoothing::none}) == 0);
  CHECK(score({"two words"}, {{"two words"}}, {.effective_order = true}) == Approx(100).epsilon(1e-9));
  CHECK_THROWS_WITH_AS(score({"a", "b"}, {{"a", "b"}, {"a"}}),
                       "bleu: 2 hypotheses, but set 2 of the references has 1 lines; give one for each", Error);
  CHECK_THROWS_AS(score({}, {{}}), Error);
  CHECK_THROWS_AS(score({"a"}, {}), Error);
  CHECK_THROWS_AS(score({"a"}, {{"a"}}, {.smoothing_value = -1}), Error);
}

// Expected from here on: sacreBLEU's formulas in Python.
TEST_CASE("bleu: sums over a corpus, one reference and several") {
  const Lines hypotheses = {"The dog bit the man.", "It wasn't surprising.", "The man had just bitten him, for $1,000.50!"};
  const Lines first = {"The dog bit the man.", "It was not unexpected.", "The man bit him first, for 1,000.50 dollars!"};
  const Lines second = {"The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."};
  CHECK(score(hypotheses, {first}) == Approx(36.889397323).epsilon(1e-9));
  CHECK(score(hypotheses, {first, second}) == Approx(41.611796470).epsilon(1e-9));
  CHECK(score(hypotheses, {first}, {.tokenizer = Tokenizer::intl}) == Approx(33.476940114).epsilon(1e-9));
  CHECK(score(hypotheses, {first, second}, {.tokenizer = Tokenizer::none}) == Approx(40.994418631).epsilon(1e-9));
  CHECK(score(hypotheses, {first}, {.smoothing = BleuSmoothing::add_k}) == Approx(41.237635233).epsilon(1e-9));
}

TEST_CASE("bleu: smoothing where no n-gram matches") {
  const Lines hypotheses = {"a b x d", "q"};
  const std::vector<Lines> references = {{"a b c d", "r"}};
  CHECK(score(hypotheses, references, {.smoothing = BleuSmoothing::none}) == 0);
  CHECK(score(hypotheses, references) == Approx(33.437015249).epsilon(1e-9));
  CHECK(score(hypotheses, references, {.smoothing = BleuSmoothing::floor}) == Approx(17.782794100).epsilon(1e-9));
  CHECK(score(hypotheses, references, {.smoothing = BleuSmoothing::add_k}) == Approx(47.287080450).epsilon(1e-9));
}

TEST_CASE("bleu: regardless of case, in all of Unicode") {
  CHECK(score({"DIE STRASSE IST ÜBER"}, {{"die strasse ist über"}}, {.lower_case = true}) == Approx(100).epsilon(1e-9));
  CHECK(score({"DIE STRASSE IST ÜBER"}, {{"die strasse ist über"}}) == 0);
}

TEST_CASE("bleu: a thousand lines of Multi30k") {
  const char* const data = std::getenv("TEMPER_DATA");
  if (!data) {
    MESSAGE("skipped: TEMPER_DATA names no folder with multi30k/");
    return;
  }
  const Lines german = data::read_lines(str_cat(data, "/multi30k/test_2016_flickr.de"));
  const Lines english = data::read_lines(str_cat(data, "/multi30k/test_2016_flickr.en"));
  Lines hypotheses;  // without the words k of line i where k + i is a multiple of seven
  for (std::size_t i = 0; i < german.size(); ++i) {
    std::string hypothesis;
    std::size_t k = i;
    for (std::size_t begin = 0; begin <= german[i].size(); ++k) {
      const std::size_t end = std::min(german[i].find(' ', begin), german[i].size());
      if (k % 7 != 0) hypothesis += german[i].substr(begin, end - begin) + ' ';
      begin = end + 1;
    }
    hypotheses.push_back(hypothesis);
  }
  CHECK(score(hypotheses, {german}) == Approx(64.763679671).epsilon(1e-9));
  CHECK(score(hypotheses, {german}, {.tokenizer = Tokenizer::intl}) == Approx(65.049250375).epsilon(1e-9));
  CHECK(score(hypotheses, {german, english}) == Approx(66.813255853).epsilon(1e-9));
}

}  // namespace
}  // namespace temper::translation
