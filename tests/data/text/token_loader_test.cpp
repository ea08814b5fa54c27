#include "data/text/token_loader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <set>

#include "core/engine/parallel.h"
#include "tests/data/file_folder.h"
#include "tests/data/text/small_corpus.h"

namespace temper::data {
namespace {

using Ids = std::vector<std::int32_t>;

TokenPairs small_pairs(Index count = 200) {
  const ParallelCorpus corpus = tests::small_corpus(count);
  return tokenise(corpus, Subwords::learn(tests::small_corpus(200).source, {.vocabulary = 60}));
}

TEST_CASE("token pairs: lines without text and lines too long are counted and left out") {
  ParallelCorpus corpus = tests::small_corpus(100);
  const Subwords subwords = Subwords::learn(corpus.source, {.vocabulary = 60});
  corpus.source[3] = "";
  corpus.target[7] = "";
  for (int i = 0; i < 200; ++i) corpus.target[9] += " hund";
  const TokenPairs pairs = tokenise(corpus, subwords, 150);
  CHECK(pairs.empty == 2);
  CHECK(pairs.too_long == 1);
  CHECK(pairs.size() == 100 - pairs.empty - pairs.too_long);
  CHECK(pairs.lines[3] == 4);
  CHECK(pairs.source[3] == subwords.encode(corpus.source[4]));
  CHECK(describe(pairs, 150) == str_cat(pairs.size(), " pairs, 2 without text and 1 of more than 150 tokens left out"));
  CHECK(tests::error_of([&] {
          tokenise({"x", {""}, {"a"}}, subwords);
        }) == "x: 1 lines without text and 0 of more than 128 tokens leave no pair; check the files");
}

TEST_CASE("token loader: every pair once an epoch, whole, with begin and end; within the number of tokens") {
  const TokenPairs pairs = small_pairs();
  for (const bool shuffle : {false, true}) {
    TokenLoader loader(pairs, {.tokens = 128, .shuffle = shuffle, .seed = 3});
    REQUIRE(loader.batches() > 4);
    for (const Index epoch : {0, 5}) {
      std::set<Index> seen;
      Index words = 0;
      for (Index b = 0; b < loader.batches(); ++b) {
        const TokenBatch& batch = loader.batch(epoch, b);
        check(batch.source(), "source");
        check(batch.target(), "target");
        CHECK(batch.count * std::max(batch.source_length, batch.target_length) <= 128);
        CHECK(batch.words() ==
              static_cast<Index>(batch.labels.size()) - std::count(batch.labels.begin(), batch.labels.end(), TokenLoader::kIgnored));
        words += batch.words();
        REQUIRE(static_cast<Index>(batch.word_rows.size()) == batch.words());
        Ids rows;
        for (std::size_t row = 0; row < batch.labels.size(); ++row) {
          if (batch.labels[row] != TokenLoader::kIgnored) rows.push_back(static_cast<std::int32_t>(row));
        }
        CHECK(std::equal(rows.begin(), rows.end(), batch.word_rows.begin(), batch.word_rows.end()));
        for (std::size_t i = 0; i < rows.size(); ++i) CHECK(batch.word_labels[i] == batch.labels[static_cast<std::size_t>(rows[i])]);
        for (Index n = 0; n < batch.count; ++n) {
          const Index sample = batch.samples[static_cast<std::size_t>(n)];
          CHECK(seen.insert(sample).second);
          Ids source = pairs.source[static_cast<std::size_t>(sample)], target = pairs.target[static_cast<std::size_t>(sample)],
              labels = target;
          source.push_back(Subwords::kEnd);
          target.insert(target.begin(), Subwords::kBegin);
          labels.push_back(Subwords::kEnd);
          source.resize(static_cast<std::size_t>(batch.source_length), Subwords::kPadding);
          target.resize(static_cast<std::size_t>(batch.target_length), Subwords::kPadding);
          labels.resize(target.size(), TokenLoader::kIgnored);
          CHECK(std::equal(source.begin(), source.end(), batch.source_ids.begin() + n * batch.source_length));
          CHECK(std::equal(target.begin(), target.end(), batch.target_ids.begin() + n * batch.target_length));
          CHECK(std::equal(labels.begin(), labels.end(), batch.labels.begin() + n * batch.target_length));
        }
      }
      CHECK(static_cast<Index>(seen.size()) == pairs.size());
      CHECK(words == loader.words());
    }
  }
}

TEST_CASE("token loader: an order is a function of seed and epoch, whichever batch is asked for first") {
  const TokenPairs pairs = small_pairs();
  const auto order = [&](Index epoch, std::uint64_t seed, bool backwards) {
    TokenLoader loader(pairs, {.tokens = 100, .shuffle = true, .seed = seed});
    std::vector<std::vector<Index>> batches(static_cast<std::size_t>(loader.batches()));
    for (Index i = 0; i < loader.batches(); ++i) {
      const Index b = backwards ? loader.batches() - 1 - i : i;
      const TokenBatch& batch = loader.batch(epoch, b);
      batches[static_cast<std::size_t>(b)].assign(batch.samples.begin(), batch.samples.end());
    }
    return batches;
  };
  CHECK(order(1, 2, false) == order(1, 2, true));
  CHECK(order(1, 2, false) != order(2, 2, false));
  CHECK(order(1, 2, false) != order(1, 3, false));
}

TEST_CASE("token loader: a pair that does not fit into a batch is refused by its line") {
  TokenPairs pairs = small_pairs(5);
  pairs.source[2] = Ids(50, 5);
  CHECK(tests::error_of([&] { TokenLoader loader(pairs, {.tokens = 50}); }) ==
        "--batch-tokens: the pair of line 3 of small has 51 tokens, a batch 50; allow more, or leave longer sentences out");
  TokenLoader loader(pairs, {.tokens = 51});
  CHECK_THROWS_AS(loader.batch(0, loader.batches()), Error);
  CHECK_THROWS_AS(loader.batch(-1, 0), Error);
}

TEST_CASE("token loader: Multi30k in batches of 4,096 wastes little on padding") {
  const char* const data = std::getenv("TEMPER_DATA");
  if (!data) {
    MESSAGE("skipped: TEMPER_DATA names no folder with multi30k/");
    return;
  }
  const ParallelCorpus corpus = read_parallel(str_cat(data, "/multi30k/val.en"), str_cat(data, "/multi30k/val.de"), {.lower_case = true});
  std::vector<std::string> both = corpus.source;
  both.insert(both.end(), corpus.target.begin(), corpus.target.end());
  const TokenPairs pairs = tokenise(corpus, Subwords::learn(both, {.vocabulary = 2000}));
  CHECK(describe(pairs) == "1014 pairs");
  TokenLoader loader(pairs, {.tokens = 4096});
  Index rows = 0;
  for (Index b = 0; b < loader.batches(); ++b) rows += static_cast<Index>(loader.batch(0, b).labels.size());
  CHECK(static_cast<double>(loader.words()) / static_cast<double>(rows) > 0.85);
}

}  // namespace
}  // namespace temper::data
