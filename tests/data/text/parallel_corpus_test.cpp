#include "data/text/parallel_corpus.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/data/file_folder.h"

namespace temper::data {
namespace {

using tests::error_of;
using tests::FileFolder;
using Lines = std::vector<std::string>;

TEST_CASE("parallel corpus: lines of plain and gzip files, with every kind of line end") {
  const FileFolder folder;
  CHECK(read_lines(folder.write("a", std::string("one\ntwo\n"))) == Lines{"one", "two"});
  CHECK(read_lines(folder.write("b", std::string("\xEF\xBB\xBFone\r\n\r\ntwo"))) == Lines{"one", "", "two"});
  CHECK(read_lines(folder.write("c", std::string())).empty());
  CHECK(read_lines(folder.write("d", std::string("\n"))) == Lines{""});
  CHECK(read_lines(folder.write("mac", std::string("one\r\rtwo\r"))) == Lines{"one", "", "two"});
  CHECK(read_lines(folder.write("stray", std::string("on\re\ntwo\r\n"))) == Lines{"on\re", "two"});
  const std::string text = "Grüße\nzwei\n";
  CHECK(read_lines(folder.write("e.gz", tests::gzip({text.begin(), text.end()}))) == Lines{"Grüße", "zwei"});
}

TEST_CASE("parallel corpus: what is no text is refused, by its line") {
  const FileFolder folder;
  const std::string latin1 = folder.write("latin1", std::string("gut\nGr\xFC\xDF"
                                                                "e\n"));
  CHECK(error_of([&] { read_lines(latin1); }) == latin1 + ": line 2 is not text in UTF-8; convert the file, e.g. with iconv");
  CHECK(error_of([&] { read_lines(folder.write("binary", std::string("a\0b", 3))); }).find("line 1 is not text") != std::string::npos);
  CHECK(error_of([&] { read_lines(folder.path("missing")); }).starts_with(folder.path("missing") + ": "));
}

TEST_CASE("parallel corpus: normalised on request") {
  CHECK(normalise("  Ein\t Hund\u00A0läuft  ", {}) == "Ein Hund läuft");
  CHECK(normalise("u\xCC\x88"
                  "ber ﬁn",
                  {}) == "über fin");
  CHECK(normalise("u\xCC\x88"
                  "ber ﬁn",
                  {.nfkc = false}) ==
        "u\xCC\x88"
        "ber ﬁn");
  CHECK(normalise("Ein GROẞER Hund", {.lower_case = true}) == "ein großer hund");
  CHECK(normalise(" \t ", {}).empty());
}

TEST_CASE("parallel corpus: line for line; other numbers of lines are refused") {
  const FileFolder folder;
  const std::string en = folder.write("t.en", std::string("A dog.\nTwo  men.\n")), de = folder.write("t.de", std::string("Ein Hund.\n\n"));
  const ParallelCorpus corpus = read_parallel(en, de, {.lower_case = true});
  CHECK(corpus.source == Lines{"a dog.", "two men."});
  CHECK(corpus.target == Lines{"ein hund.", ""});
  CHECK(corpus.name == en + "," + de);
  const std::string one = folder.write("one", std::string("x\n")), none = folder.write("none", std::string());
  CHECK(error_of([&] { read_parallel(en, one); }) ==
        one + ": 1 lines, but " + en + " has 2; line i of one must be the translation of line i of the other");
  CHECK(error_of([&] { read_parallel(none, none); }) == none + ": holds no lines; give a file with a sentence a line");
}

TEST_CASE("parallel corpus: Multi30k") {
  const char* const data = std::getenv("TEMPER_DATA");
  if (!data) {
    MESSAGE("skipped: TEMPER_DATA names no folder with multi30k/");
    return;
  }
  const ParallelCorpus corpus = read_parallel(str_cat(data, "/multi30k/val.en"), str_cat(data, "/multi30k/val.de"));
  CHECK(corpus.size() == 1014);
  CHECK(corpus.source[0] == "A group of men are loading cotton onto a truck");
  CHECK(corpus.target[0] == "Eine Gruppe von Männern lädt Baumwolle auf einen Lastwagen");
}

}  // namespace
}  // namespace temper::data
