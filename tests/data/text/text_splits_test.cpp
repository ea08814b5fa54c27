#include "data/text/text_splits.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>

#include "tests/data/file_folder.h"
#include "tests/data/text/small_corpus.h"

namespace temper::data {
namespace {

void write_lines(const tests::FileFolder& folder, const std::string& name, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  folder.write(name, text);
}

void write_pair(const tests::FileFolder& folder, const std::string& part, const ParallelCorpus& corpus, const char* target = "de") {
  write_lines(folder, part + ".en", corpus.source);
  write_lines(folder, part + "." + target, corpus.target);
}

TEST_CASE("text: a folder in Multi30k's layout, English first unless --languages say otherwise") {
  const tests::FileFolder folder;
  write_pair(folder, "train", tests::small_corpus(30));
  write_pair(folder, "val", tests::small_corpus(5, 2));
  write_pair(folder, "test_2016_flickr", tests::small_corpus(6, 3));
  const TextSplits splits = load_text("text:" + folder.path());
  CHECK(splits.train.source == tests::small_corpus(30).source);
  CHECK(splits.train.target == tests::small_corpus(30).target);
  CHECK(splits.val.source == tests::small_corpus(5, 2).source);
  CHECK(splits.test.target == tests::small_corpus(6, 3).target);
  const TextSplits other = load_text("text:" + folder.path(), {.languages = "de,en"});
  CHECK(other.train.source == splits.train.target);
  CHECK(other.test.target == splits.test.source);
  // A part by name comes before what the folder has.
  const TextSplits given = load_text("text:" + folder.path(), {.test = folder.path("val.en,") + folder.path("val.de")});
  CHECK(given.test.source == splits.val.source);
}

TEST_CASE("text: parts without files are held out of the training pairs, always the same and none twice") {
  const tests::FileFolder folder;
  ParallelCorpus corpus{"pairs", {}, {}};
  for (int i = 0; i < 100; ++i) {
    corpus.source.push_back("a" + std::to_string(i));
    corpus.target.push_back("b" + std::to_string(i));
  }
  write_pair(folder, "any", corpus);
  const std::string spec = "text:" + folder.path("any.en") + "," + folder.path("any.de");
  const TextSplits splits = load_text(spec), again = load_text(spec);
  CHECK(splits.train.size() == 91);
  CHECK(splits.test.size() == 5);
  CHECK(splits.val.size() == 4);
  CHECK(again.val.source == splits.val.source);
  std::set<std::string> seen;
  for (const ParallelCorpus* part : {&splits.train, &splits.val, &splits.test}) {
    for (Index i = 0; i < part->size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      CHECK(part->source[at].substr(1) == part->target[at].substr(1));
      seen.insert(part->source[at]);
    }
  }
  CHECK(seen.size() == 100);
  CHECK(load_text(spec, {.held_out = 20}).train.size() == 60);
  CHECK(tests::error_of([&] { load_text(spec, {.held_out = 60}); }).starts_with("--val-size: 60 of the 40 training pairs"));
}

TEST_CASE("text: a test part that is the training part is refused, both named") {
  const tests::FileFolder folder;
  write_pair(folder, "train", tests::small_corpus(30));
  for (const char* part : {"val", "test"}) {
    write_pair(folder, part, tests::small_corpus(30));
    const std::string error = tests::error_of([&] { load_text("text:" + folder.path()); });
    CHECK(tests::holds(error, {std::string(part) + ".en", "train.en", "the same sentences"}));
    write_pair(folder, part, tests::small_corpus(30, 2));
  }
  CHECK_NOTHROW(load_text("text:" + folder.path()));
}

TEST_CASE("text: what cannot be read is refused with the file and what to do") {
  const tests::FileFolder folder;
  const auto error = [&](const std::string& spec, const TextLoadOptions& options = {}) {
    return tests::error_of([&] { load_text(spec, options); });
  };
  CHECK(error("text:").starts_with("--data: \"text:\" needs a folder; write text:DIR"));
  CHECK(error("digits").starts_with("--data: digits is images, but text is required"));
  CHECK(error("text:nowhere").starts_with("--data: text:nowhere names no folder"));
  CHECK(error("text:" + folder.path()).find("holds no file train.en") != std::string::npos);
  write_lines(folder, "train.en", {"a", "b"});
  CHECK(error("text:" + folder.path()).find("train.en alone") != std::string::npos);
  write_lines(folder, "train.de", {"a"});
  CHECK(error("text:" + folder.path()).find("1 lines, but") != std::string::npos);
  write_lines(folder, "train.de", {"a", "b"});
  write_lines(folder, "val.de", {"a"});
  CHECK(error("text:" + folder.path()).find("val is there in one language alone") != std::string::npos);
  write_lines(folder, "train.fr", {"a", "b"});
  CHECK(error("text:" + folder.path()).starts_with("--languages: " + folder.path() + " has de, en, fr"));
  CHECK(error("text:" + folder.path(), {.languages = "en,en"}).starts_with("--languages: en,en names the same of the languages twice; "));
  CHECK(error("text:" + folder / "train.en" + "," + folder.path() + "/./train.en").find(" names the same of the files twice; ") !=
        std::string::npos);
  CHECK(error("text:" + folder.path(), {.languages = "en"}).starts_with("--languages: en is not two languages"));
  CHECK(error("text:" + folder.path(), {.languages = "en,it"}).find("train is there in one language alone; give train.en and train.it") !=
        std::string::npos);
  CHECK(error("text:" + folder.path(), {.languages = "es,it"}).find("there is no train.es and train.it") != std::string::npos);
  CHECK(error("text:a,b,c").starts_with("--data: a,b,c is not two files"));
  CHECK(error("text:a,b", {.languages = "en,de"}).starts_with("--languages: it selects files of text:DIR"));
}

TEST_CASE("text: Multi30k") {
  const char* data = std::getenv("TEMPER_DATA");
  if (!data || !std::filesystem::exists(str_cat(data, "/multi30k/train.en"))) {
    MESSAGE("skipped: TEMPER_DATA names no folder with multi30k/");
    return;
  }
  const TextSplits splits = load_text(str_cat("text:", data, "/multi30k"), {.text = {.lower_case = true}});
  CHECK(splits.train.size() == 29'000);
  CHECK(splits.val.size() == 1'014);
  CHECK(splits.test.size() == 1'000);
  CHECK(splits.train.source[0] == "two young, white males are outside near many bushes.");
}

}  // namespace
}  // namespace temper::data
