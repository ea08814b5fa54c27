// `temper eval` class by class, and classes.json, as a script sees them.

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/file.h"
#include "core/base/json.h"
#include "tests/apps/temper/program.h"
#include "tests/contains.h"
#include "tests/temporary_folder.h"

namespace temper::tests {
namespace {

namespace fs = std::filesystem;

TEST_CASE("eval command: class by class, in text, in JSON and in classes.json") {
  const TemporaryFolder folder;
  const std::string classes = folder / "run/classes.json";
  json_of(folder.path(), "train --data digits --model mlp-16 --epochs 2 --out run");
  const Json trained = Json::parse(read_file(classes));
  CHECK(trained.at("samples") == 300);
  CHECK(trained.at("calibrator").is_null());
  CHECK(trained.at("classes").size() == 10);
  CHECK(trained.at("outcomes").at("as_trained").get<std::string>().size() == 1600);
  CHECK(trained.at("outcomes").at("calibrated") == "");

  const Json measured = json_of(folder.path(), "eval run");
  REQUIRE(measured.at("classes").size() == 10);
  int right = 0, all = 0, listed = 0;
  for (int k = 0; k < 10; ++k) {
    int row = 0;
    for (int l = 0; l < 10; ++l) row += measured.at("confusion")[k][l].get<int>();
    CHECK(row == measured.at("classes")[k].at("support"));
    CHECK(measured.at("confusion")[k][k] == measured.at("classes")[k].at("right"));
    right += measured.at("confusion")[k][k].get<int>();
    all += row;
  }
  CHECK(all == 300);
  CHECK(measured.at("accuracy").get<double>() == doctest::Approx(right / 300.0));
  for (const Json& cell : measured.at("top_confusions")) listed += cell.at("count").get<int>();
  CHECK(listed == 300 - right);
  CHECK(measured.at("worst").size() == 12);
  CHECK(measured.at("worst")[0].at("loss") >= measured.at("worst")[1].at("loss"));
  const std::string text = temper_program(folder.path(), "eval run").out;
  for (const char* part : {"precision", "recall", "F1", "label \\ prediction", "highest loss", "surest mistakes", "mean"}) {
    CAPTURE(part);
    CHECK(contains(text, part));
  }
}

TEST_CASE("eval command: classes.json is that of the run's own test images and calibrator, whatever else is looked at") {
  const TemporaryFolder folder;
  const std::string classes = folder / "run/classes.json";
  json_of(folder.path(), "train --data digits --model mlp-16 --epochs 2 --smoothing 0.1 --out run");
  const std::string trained = read_file(classes);
  for (const char* other : {"--split val", "--temperature 3", "--tta flip"}) {
    CAPTURE(other);
    json_of(folder.path(), str_cat("eval run ", other));
    CHECK(read_file(classes) == trained);
  }
  // Other weights, so that the numbers are not those of run.json: as with images that are others now.
  json_of(folder.path(), "train --data digits --model mlp-16 --epochs 3 --out other");
  fs::copy_file(folder / "other/model.safetensors", folder / "run/model.safetensors", fs::copy_options::overwrite_existing);
  const Result changed = temper_program(folder.path(), "eval run --json");
  CHECK(changed.code == 0);
  CHECK(contains(changed.err, "run/classes.json: not written"));
  CHECK(read_file(classes) == trained);

  // An old run gets one; calibrate keeps it up to date; a damaged one is replaced.
  fs::remove(folder / "other/classes.json");
  json_of(folder.path(), "eval other");
  CHECK(Json::parse(read_file(folder / "other/classes.json")).at("calibrator").is_null());
  json_of(folder.path(), "calibrate other");
  const std::string calibrated = read_file(folder / "other/classes.json");
  CHECK(Json::parse(calibrated).at("calibrator") == "temperature");
  CHECK(Json::parse(calibrated).at("outcomes").at("calibrated").get<std::string>().size() == 1600);
  write_file(folder / "other/classes.json", "{");
  CHECK(contains(temper_program(folder.path(), "report other").err, "other/classes.json: not valid JSON"));
  json_of(folder.path(), "eval other");
  CHECK(read_file(folder / "other/classes.json") == calibrated);
  // --overwrite removes it with the old run.
  json_of(folder.path(), "train --data digits --model mlp-16 --epochs 1 --overwrite --out other");
  CHECK(Json::parse(read_file(folder / "other/classes.json")).at("calibrator").is_null());
}

TEST_CASE("eval command: a run that cannot be written is evaluated with a warning") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp-16 --epochs 1 --out run");
  fs::remove(folder / "run/classes.json");
  fs::create_directories(folder / "run/classes.json/in the way");  // also where the tests run as root, whom no permission stops
  const Result result = temper_program(folder.path(), "eval run");
  CHECK(result.code == 0);
  CHECK(contains(result.out, "accuracy"));
  CHECK(contains(result.err, "temper: warning: "));
  CHECK(contains(result.err, "classes.json"));
}

TEST_CASE("eval command: a run that translates has no classes") {
  const TemporaryFolder folder;
  std::string source, target;
  for (int i = 0; i < 60; ++i) {
    const char* const words[]{"one", "two", "three", "four", "five", "six", "seven"};
    source += str_cat("the number ", words[i % 7], " comes before ", words[i % 5], "\n");
    target += str_cat("die Zahl ", words[i % 7], " steht vor ", words[i % 5], "\n");
  }
  write_file(folder / "t.en", source);
  write_file(folder / "t.de", target);
  json_of(folder.path(), "train --data text:t.en,t.de --model transformer_small --epochs 1 --vocabulary 40 --out run");
  CHECK_FALSE(fs::exists(folder / "run/classes.json"));
  CHECK_FALSE(json_of(folder.path(), "eval run --beam 0").contains("classes"));
  CHECK_FALSE(fs::exists(folder / "run/classes.json"));
  CHECK(temper_program(folder.path(), "report run").code == 0);
  CHECK_FALSE(contains(read_file(folder / "report.html"), "Class by class"));
}

}  // namespace
}  // namespace temper::tests
