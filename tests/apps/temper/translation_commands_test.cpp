// Translation as a script sees it: train on text, translate, eval, calibrate, distil, report.

#include <doctest/doctest.h>

#include <filesystem>

#include "core/engine/safetensors.h"
#include "data/text/parallel_corpus.h"
#include "tests/apps/report/well_formed.h"
#include "tests/apps/temper/program.h"
#include "tests/data/text/small_corpus.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

void write_pair(const TemporaryFolder& folder, const std::string& part, const data::ParallelCorpus& corpus) {
  std::filesystem::create_directories(folder / "text");
  for (const auto& [language, lines] : {std::pair{"en", &corpus.source}, {"de", &corpus.target}}) {
    std::string text;
    for (const std::string& line : *lines) text += line + "\n";
    write_file(folder / str_cat("text/", part, ".", language), text);
  }
}

const std::string kTrain =
    "train --data text:text --model transformer_small --vocabulary 60 --batch-tokens 400 --lr 3e-3 --warm-up 0 "
    "--dropout 0.1 --longest 60 --smoothing 0.1 --lower-case ";

TEST_CASE("translation commands: from text to a calibrated run, a student and a page") {
  const TemporaryFolder folder;
  write_pair(folder, "train", tests::small_corpus(120));
  write_pair(folder, "val", tests::small_corpus(12, 2));
  write_pair(folder, "test", tests::small_corpus(12, 3));
  const Json trained = json_of(folder.path(), kTrain + "--epochs 6 --out run");
  CHECK(trained.at("bleu").get<double>() >= 0);
  CHECK(trained.at("bleu_signature") == "nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:temper");
  const Json run = Json::parse(read_file(folder / "run/run.json"));
  CHECK(run.at("settings").at("vocabulary") == 60);
  CHECK(run.at("settings").at("lower_case") == true);
  CHECK_FALSE(run.at("settings").contains("shift"));  // that is for images
  CHECK(run.at("bleu").at("score") == trained.at("bleu"));
  CHECK(read_file(folder / "run/log.csv").find("words_per_second") != std::string::npos);

  // The same bits on other threads, in shards that are resumed, and as it was.
  json_of(folder.path(), kTrain + "--epochs 6 --threads 1 --out again");
  CHECK(read_file(folder / "run/model.safetensors") == read_file(folder / "again/model.safetensors"));
  const Json finished = json_of(folder.path(), "train --resume --out run");
  CHECK(finished.at("bleu") == trained.at("bleu"));
  CHECK(finished.at("nll") == trained.at("nll"));

  const Json measured = json_of(folder.path(), "eval run");
  CHECK(measured.at("nll").get<double>() == doctest::Approx(trained.at("nll").get<double>()).epsilon(1e-6));
  CHECK(measured.at("bleu") == trained.at("bleu"));
  const Json calibrated = json_of(folder.path(), "calibrate run");
  const double temperature = calibrated.at("temperature");
  CHECK(calibrated.at("before").at("nll").get<double>() == doctest::Approx(trained.at("nll").get<double>()).epsilon(1e-6));
  const Json after = json_of(folder.path(), "eval run --beam 0");
  CHECK(after.at("temperature") == temperature);
  CHECK(after.at("nll").get<double>() == doctest::Approx(calibrated.at("after").at("nll").get<double>()).epsilon(1e-4));
  CHECK_FALSE(after.contains("bleu"));

  // Files and standard input give the same, line by line; the stored temperature is applied.
  const Json translated = json_of(folder.path(), "translate run text/test.en --reference text/test.de --out translated");
  CHECK(translated.at("temperature") == temperature);
  CHECK(translated.at("lines") == 12);
  CHECK(translated.at("bleu") == json_of(folder.path(), "eval run").at("bleu"));
  const Result piped = shell(folder.path(), str_cat(TEMPER_PROGRAM, " translate run - <text/test.en"));
  CHECK(piped.out == read_file(folder / "translated"));
  CHECK(shell(folder.path(), str_cat("printf 'HUND\\n\\nhund' | ", TEMPER_PROGRAM, " translate run --beam 1")).out.find("\n\n") !=
        std::string::npos);
  // What cannot be read is no end of the text.
  const Result folder_as_text = shell(folder.path(), str_cat(TEMPER_PROGRAM, " translate run <", folder.path()));
  CHECK(folder_as_text.code == 1);
  CHECK(folder_as_text.out.empty());
  CHECK(folder_as_text.err == "temper: error: stdin: reading failed: Is a directory; give a file, not a folder\n");
  const Result closed = shell(folder.path(), str_cat(TEMPER_PROGRAM, " translate run <&-"));
  CHECK(closed.code == 1);
  CHECK(closed.err.starts_with("temper: error: stdin: reading failed: "));
  // A line that is too long is cut, and named, where a network is asked and where it is measured.
  const Result cut =
      shell(folder.path(), str_cat("printf 'hund\\nhund hund hund hund hund\\n' | ", TEMPER_PROGRAM, " translate run --longest 4"));
  CHECK(cut.code == 0);
  CHECK(std::count(cut.out.begin(), cut.out.end(), '\n') == 2);
  CHECK(cut.err.find("temper: warning: stdin: line 2: ") != std::string::npos);
  CHECK(cut.err.find("of which the first 4 are translated; split the line, or raise --longest") != std::string::npos);
  check_refused(folder.path(), "translate run text/test.en --longest 0", 2, "--longest: 0 is not allowed");
  check_refused(folder.path(), "translate run text/test.en --tokenizer 13", 2, "did you mean 13a?");
  for (const char* odd : {"--length-penalty nan", "--length-penalty -1", "--temperature 1e-320", "--temperature inf"})
    check_refused(folder.path(), str_cat("translate run text/test.en ", odd), 2, "is not allowed; give ");
  for (const char* out : {"text/test.en", "text/test.de", "run/subwords.model"})
    check_refused(folder.path(), str_cat("translate run text/test.en --reference text/test.de --out ", out), 2, "is read by this command");
  for (const char* beam : {"0", "-1", "1001"})
    check_refused(folder.path(), str_cat("translate run text/test.en --beam ", beam), 2,
                  str_cat("--beam: ", beam, " is not allowed; give a whole number from 1 to 1,000"));

  const Json student = json_of(folder.path(),
                               "distill --teacher run --model transformer_small --epochs 1 --batch-tokens 400 --longest 60 "
                               "--beta 0.5 --form hinton --temperature 2 --out student");
  CHECK(student.at("gamma").get<double>() > 0);
  CHECK(read_file(folder / "run/subwords.model") == read_file(folder / "student/subwords.model"));
  json_of(folder.path(), "report run student --out page.html");
  const std::string page = read_file(folder / "page.html");
  CHECK(report::well_formedness_error(page) == "");
  CHECK(page.find("BLEU") != std::string::npos);
  CHECK(page.find("words") != std::string::npos);
}

const std::string kText = "train --data text:text --model transformer_small ";

TEST_CASE("translation commands: what makes no sense is refused before anything is trained") {
  const TemporaryFolder folder;
  write_pair(folder, "train", tests::small_corpus(60));
  check_refused(folder.path(), "train --data text:text --model lenet --out run", 2, "--model: lenet reads no text, text:text is text");
  check_refused(folder.path(), "train --data digits --model transformer_small --out run", 2, "reads text, digits is images");
  check_refused(folder.path(), "train --data text:text --model transformer_tiny --out run", 2, "transformer_small or transformer_base");
  check_refused(folder.path(), kText + "--shift 2 --out run", 2, "--shift: it is for networks that read images");
  check_refused(folder.path(), "train --data digits --model cnn --vocabulary 100 --out run", 2,
                "--vocabulary: it is for networks that read text");
  check_refused(folder.path(), kText + "--batch-tokens 60 --out run", 2, "--batch-tokens: ");
  check_refused(folder.path(), kText + "--dropout 1 --out run", 2, "--dropout: ");
  check_refused(folder.path(), kText + "--subwords text/train.en --out run", 1, "is no model of SentencePiece");
  check_refused(folder.path(), kText + "--test-text text/train.en --out run", 2, "--test-text: ");
  check_refused(folder.path(), "translate nowhere", 1, "nowhere: there is no such folder");
  CHECK_FALSE(std::filesystem::exists(folder / "run"));
}

}  // namespace
}  // namespace temper
