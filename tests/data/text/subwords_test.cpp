#include "data/text/subwords.h"

#include <doctest/doctest.h>

#include "tests/data/file_folder.h"
#include "tests/data/text/small_corpus.h"

namespace temper::data {
namespace {

using tests::error_of;
using Ids = std::vector<std::int32_t>;

TEST_CASE("subwords: what is encoded is decoded again, by both kinds of model, and by its file") {
  const ParallelCorpus corpus = tests::small_corpus(200);
  for (const auto kind : {SubwordOptions::Kind::unigram, SubwordOptions::Kind::bpe}) {
    const Subwords subwords = Subwords::learn(corpus.source, {.vocabulary = 40, .kind = kind});
    CHECK(subwords.size() > 20);
    CHECK(subwords.size() <= 40);
    const tests::FileFolder folder;
    subwords.save(folder.path("subwords.model"));
    const Subwords again = Subwords::load(folder.path("subwords.model"));
    for (const char* text : {"ein hund rennt", "straße", "dienh er", ""}) {
      const Ids ids = subwords.encode(text);
      CHECK(subwords.decode(ids) == text);
      CHECK(again.encode(text) == ids);
      for (const std::int32_t id : ids) CHECK(id > Subwords::kEnd);
    }
  }
}

TEST_CASE("subwords: a model is a function of the text; a long line is not passed over") {
  const ParallelCorpus corpus = tests::small_corpus(200);
  CHECK(Subwords::learn(corpus.source, {.vocabulary = 40}).bytes() == Subwords::learn(corpus.source, {.vocabulary = 40}).bytes());
  std::vector<std::string> lines = corpus.source;
  std::string line;
  for (int i = 0; i < 3000; ++i) line += "qwx ";
  lines.push_back(line);
  CHECK(Subwords::learn(lines, {.vocabulary = 60}).encode("qwx").size() == 1);
}

TEST_CASE("subwords: unknown characters, special ids and ids of another vocabulary") {
  const Subwords subwords = Subwords::learn(tests::small_corpus(200).source, {.vocabulary = 40});
  const Ids unknown = subwords.encode("漢");
  CHECK(std::count(unknown.begin(), unknown.end(), Subwords::kUnknown) == 1);
  Ids ids = subwords.encode("ein hund");
  ids.insert(ids.begin(), {Subwords::kPadding, Subwords::kBegin});
  ids.push_back(Subwords::kEnd);
  CHECK(subwords.decode(ids) == "ein hund");
  CHECK_THROWS_AS(subwords.decode(Ids{static_cast<std::int32_t>(subwords.size())}), Error);
  CHECK_THROWS_AS(subwords.decode(Ids{-1}), Error);
}

TEST_CASE("subwords: what cannot be learned or read is refused in one line") {
  const tests::FileFolder folder;
  CHECK(error_of([] {
          Subwords::learn(std::vector<std::string>{"", ""}, {});
        }) == "subwords: 2 sentences without text; give some to learn a vocabulary from");
  CHECK(error_of([] { Subwords::learn(std::vector<std::string>{"a"}, {.vocabulary = 3}); }).starts_with("subwords: a vocabulary of 3; "));
  const std::string few = error_of([] { Subwords::learn(std::vector<std::string>{"abcdefghijklmnop"}, {.vocabulary = 8}); });
  CHECK(few.starts_with("subwords: SentencePiece cannot learn 8 subwords from 1 sentences: "));
  CHECK(few.find('\n') == few.npos);
  const std::string path = folder.write("bad.model", std::string("no model"));
  CHECK(error_of([&] { Subwords::load(path); }) == path + ": is no model of SentencePiece; give the subwords.model of a run");
  // Such a one makes the library behind SentencePiece throw.
  const std::string zero = TEMPER_SOURCE_DIR "/tests/fuzz/corpus/subwords/zero-length-word.model";
  CHECK(error_of([&] { Subwords::load(zero); }) == zero + ": is no model of SentencePiece; give the subwords.model of a run");
  CHECK_THROWS_AS(Subwords::load(folder.write("empty.model", std::string())), Error);
}

}  // namespace
}  // namespace temper::data
