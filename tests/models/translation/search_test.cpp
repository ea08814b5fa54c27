#include "models/translation/search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/softmax.h"
#include "core/ops/softmax_cross_entropy.h"
#include "data/text/token_loader.h"
#include "layers/random_scope.h"
#include "models/calibration/metrics/metrics.h"
#include "models/translation/bleu.h"
#include "models/translation/token_predictions.h"
#include "optim/adamw.h"
#include "tests/data/text/small_corpus.h"

namespace temper::translation {
namespace {

using Ids = std::vector<std::int32_t>;
using data::Subwords;

struct Net {
  ParameterStore store;
  models::Transformer transformer;
  explicit Net(Index vocabulary, std::uint64_t seed = 4, float sharpness = 1, Index width = 16)
      : transformer(store.root(), {.vocabulary = vocabulary,
                                   .width = width,
                                   .feed_forward = 2 * width,
                                   .heads = 2,
                                   .encoder_layers = 1,
                                   .decoder_layers = 1,
                                   .dropout = 0.1f}) {
    store.commit({.seed = seed});
    // Fresh logits are nearly equal: sharper ones make different translations differ in likelihood.
    for (Parameter& p : store.parameters()) {
      for (Index i = 0; p.name == "decoder.norm.weight" && i < p.value.size(); ++i) p.value[i] *= sharpness;
    }
  }
};

struct Source {
  Ids ids, lengths;
  Index length;
  Source(const std::vector<Ids>& sentences, Index to) : length(to) {
    for (const Ids& sentence : sentences) {
      Ids padded = sentence;
      padded.resize(static_cast<std::size_t>(to), Subwords::kPadding);
      ids.insert(ids.end(), padded.begin(), padded.end());
      lengths.push_back(static_cast<std::int32_t>(sentence.size()));
    }
  }
  operator data::Sequences() const { return {ids, lengths, static_cast<Index>(lengths.size()), length}; }  // NOLINT
};

// The log-probabilities of the words behind `target`, by a whole pass.
std::vector<float> next_words(const models::Transformer& net, const Ids& source, Ids target) {
  target.insert(target.begin(), Subwords::kBegin);
  const Source of_target({target}, static_cast<Index>(target.size()));
  const Tensor all = log_softmax(net(Source({source}, static_cast<Index>(source.size())), of_target));
  return {all.values().end() - net.spec().vocabulary, all.values().end()};
}

struct Best {
  double score = -1e30;
  Ids ids;
};

// Every translation of at most `most` words, by recursion.
void exhaust(const models::Transformer& net, const Ids& source, const Ids& target, double log_probability, std::size_t most, double alpha,
             Best& best) {
  const std::vector<float> next = next_words(net, source, target);
  const double penalty = std::pow((5 + static_cast<double>(target.size() + 1)) / 6, alpha);
  const double ended = (log_probability + next[Subwords::kEnd]) / penalty;
  if (ended > best.score) best = {ended, target};
  if (target.size() + 1 >= most) return;
  for (std::size_t word = Subwords::kUnknown; word < next.size(); ++word) {
    if (word == Subwords::kBegin || word == Subwords::kEnd) continue;
    Ids longer = target;
    longer.push_back(static_cast<std::int32_t>(word));
    exhaust(net, source, longer, log_probability + next[word], most, alpha, best);
  }
}

TEST_CASE("search: greedy takes the likeliest word each time, until the end or the greatest length") {
  bool any_ended = false, any_cut = false;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    CAPTURE(seed);
    Net net(12, seed, 4);
    const Ids source = {5, 9, 4, Subwords::kEnd};
    const Translation found = search(net.transformer, Source({source}, 4), {.beam = 1, .extra_length = 40})[0];
    Ids expected;
    double log_probability = 0;
    bool ended = false;
    while (!ended && expected.size() < 44) {
      std::vector<float> next = next_words(net.transformer, source, expected);
      next[Subwords::kPadding] = next[Subwords::kBegin] = -1e30f;
      const auto word = static_cast<std::int32_t>(std::max_element(next.begin(), next.end()) - next.begin());
      log_probability += next[static_cast<std::size_t>(word)];
      ended = word == Subwords::kEnd;
      if (!ended) expected.push_back(word);
    }
    CHECK(found.ids == expected);
    CHECK(found.ended == ended);
    CHECK(found.log_probability == doctest::Approx(log_probability).epsilon(1e-5));
    any_ended |= ended;
    any_cut |= !ended;
  }
  CHECK(any_ended);
  CHECK(any_cut);
}

TEST_CASE("search: a beam as wide as the language finds the best translation there is") {
  for (const double alpha : {0.0, 0.6, 2.0}) {
    for (std::uint64_t seed = 0; seed < 3; ++seed) {
      CAPTURE(alpha);
      CAPTURE(seed);
      Net net(7, seed, 3);
      const Ids source = {5, Subwords::kEnd};
      Best best;
      exhaust(net.transformer, source, {}, 0, 4, alpha, best);
      const Translation found = search(net.transformer, Source({source}, 2), {.beam = 400, .length_penalty = alpha, .extra_length = 2})[0];
      CHECK(found.ended);
      CHECK(found.ids == best.ids);
    }
  }
}

TEST_CASE("search: a sentence's translation does not depend on its batch or on the number of threads") {
  Net net(15, 3, 4);
  const std::vector<Ids> sentences = {{5, 9, 4, 7, 8, Subwords::kEnd}, {6, Subwords::kEnd}, {12, 14, 4, Subwords::kEnd}};
  const std::vector<Translation> batch = search(net.transformer, Source(sentences, 8), {.beam = 3, .extra_length = 6});
  const int before = threads();
  for (std::size_t n = 0; n < sentences.size(); ++n) {
    const Source alone({sentences[n]}, static_cast<Index>(sentences[n].size()));
    CHECK(search(net.transformer, alone, {.beam = 3, .extra_length = 6})[0].ids == batch[n].ids);
    CHECK(search(net.transformer, alone, {.beam = 3, .extra_length = 6})[0].log_probability ==
          doctest::Approx(batch[n].log_probability).epsilon(1e-5));
  }
  for (const int count : {1, 3}) {
    set_threads(count);
    const std::vector<Translation> again = search(net.transformer, Source(sentences, 8), {.beam = 3, .extra_length = 6});
    for (std::size_t n = 0; n < sentences.size(); ++n) {
      CHECK(again[n].ids == batch[n].ids);
      CHECK(again[n].log_probability == batch[n].log_probability);
    }
  }
  set_threads(before);
}

TEST_CASE("search: a temperature changes how likely words are, and not which is the likeliest") {
  Net net(12, 2, 4);
  const Ids source = {5, 9, 4, Subwords::kEnd};
  const auto at = [&](double temperature) {
    return search(net.transformer, Source({source}, 4), {.beam = 1, .temperature = temperature, .extra_length = 3})[0];
  };
  const Translation sharp = at(1), flat = at(1000);
  CHECK(sharp.ids == flat.ids);
  const auto words = static_cast<double>(flat.ids.size() + (flat.ended ? 1 : 0));
  CHECK(flat.log_probability == doctest::Approx(-words * std::log(12.0)).epsilon(0.05));
  CHECK(sharp.log_probability > flat.log_probability);
}

TEST_CASE("search: options out of range and an empty batch") {
  Net net(12);
  const Source source({{5, Subwords::kEnd}}, 2);
  CHECK_THROWS_AS(search(net.transformer, source, {.beam = 0}), Error);
  CHECK_THROWS_AS(search(net.transformer, source, {.length_penalty = -1}), Error);
  CHECK_THROWS_AS(search(net.transformer, source, {.extra_length = -1}), Error);
  CHECK_THROWS_AS(search(net.transformer, source, {.temperature = 0}), Error);
  CHECK(search(net.transformer, Source({}, 0)).empty());
}

TEST_CASE("translation: a line that is too long is cut, and named; its work does not grow with what is cut off") {
  const data::ParallelCorpus corpus = tests::small_corpus(100);
  const Subwords subwords = Subwords::learn(corpus.source, {.vocabulary = 30});
  Net net(subwords.size());
  const std::string& word = corpus.source.front();
  std::string sentence, letters;
  while (sentence.size() < 300'000) sentence += word + ' ';
  while (letters.size() < 300'000) letters += word;
  const std::vector<std::string> lines{word, sentence, letters};
  std::vector<std::pair<Index, Index>> cut;
  const auto start = std::chrono::steady_clock::now();
  const std::vector<std::string> translations =
      translate(net.transformer, subwords, lines,
                {.search = {.beam = 1}, .longest = 40, .on_cut = [&](Index line, Index length) { cut.emplace_back(line, length); }});
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
  REQUIRE(cut.size() == 2);
  CHECK(cut[0].first == 2);
  CHECK(cut[1].first == 3);
  CHECK(cut[0].second == static_cast<Index>(subwords.encode(sentence.substr(0, sentence.size() - 1)).size()));
  CHECK(translations[0] == translate(net.transformer, subwords, std::vector{word}, {.search = {.beam = 1}}).front());
  CHECK_THROWS_AS(translate(net.transformer, subwords, lines, {.longest = 0}), Error);
}

TEST_CASE("translation: a small network learns to spell words backwards; scores of tokens are those of their predictions") {
  const data::ParallelCorpus corpus = tests::small_corpus(400), held_out = tests::small_corpus(40, 2);
  std::vector<std::string> both = corpus.source;
  both.insert(both.end(), corpus.target.begin(), corpus.target.end());
  const Subwords subwords = Subwords::learn(both, {.vocabulary = 60});
  const data::TokenPairs pairs = data::tokenise(corpus, subwords), test = data::tokenise(held_out, subwords);
  Net net(subwords.size(), 1, 1, 32);
  optim::AdamW adam(net.store, {.beta2 = 0.997, .epsilon = 1e-9, .weight_decay = 0});
  data::TokenLoader loader(pairs, {.tokens = 512, .shuffle = true});
  const double before = score_tokens(net.transformer, test).nll;
  Index step = 0;
  for (Index epoch = 0; epoch < 60; ++epoch) {
    for (Index b = 0; b < loader.batches(); ++b, ++step) {
      const data::TokenBatch& batch = loader.batch(epoch, b);
      Tape tape;
      const layers::RandomScope random_scope(Random(1, {static_cast<std::uint64_t>(step)}));
      tape.backward(
          softmax_cross_entropy(net.transformer(batch.source(), batch.target(), batch.word_rows), batch.word_labels, {.smoothing = 0.1f}));
      adam.step(4e-3f * std::min(1.0f, static_cast<float>(step + 1) / 50));
    }
  }
  const TokenScore score = score_tokens(net.transformer, test);
  CAPTURE(before);
  CAPTURE(score.nll);
  CHECK(before > 3);
  CHECK(score.nll < 0.5);
  CHECK(score.accuracy > 0.9);

  const calibration::Predictions predictions = predict_tokens(net.transformer, test, 300);
  CHECK(predictions.size() == score.words);
  const calibration::Metrics metrics = calibration::metrics(predictions, 1);
  CHECK(metrics.nll == doctest::Approx(score.nll).epsilon(1e-5));
  CHECK(metrics.accuracy == doctest::Approx(score.accuracy));
  Ids labels;
  for (const Ids& target : test.target) {
    labels.insert(labels.end(), target.begin(), target.end());
    labels.push_back(Subwords::kEnd);
  }
  CHECK(predictions.labels == labels);

  std::vector<std::string> lines = held_out.source;
  lines.insert(lines.begin() + 3, "  ");
  std::vector<std::string> translations = translate(net.transformer, subwords, lines);
  REQUIRE(translations.size() == lines.size());
  CHECK(translations[3].empty());
  translations.erase(translations.begin() + 3);
  const double found = bleu(translations, std::vector<std::vector<std::string>>{held_out.target}).score;
  CAPTURE(found);
  CHECK(found > 60);
  CHECK_THROWS_AS(translate(net.transformer, Subwords::learn(corpus.source, {.vocabulary = 30}), lines), Error);
}

}  // namespace
}  // namespace temper::translation
