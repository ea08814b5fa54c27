// `temper distill` and `temper analyze` as a script sees them.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/engine/safetensors.h"
#include "models/runs/image_run.h"
#include "tests/apps/report/well_formed.h"
#include "tests/apps/temper/program.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

// One line of error that says what to do, and no run.
void check_teaches_nothing(const TemporaryFolder& folder, const std::string& arguments, int code, const std::string& about) {
  const Result result = temper_program(folder.path(), arguments);
  CAPTURE(arguments);
  CAPTURE(result.err);
  CHECK(result.code == code);
  CHECK(result.out.empty());
  CHECK(result.err.find("temper: error: ") != std::string::npos);
  CHECK(result.err.find("; ") != std::string::npos);
  CHECK(result.err.find(about) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "student"));
}

const std::string kStill = " --shift 0";

TEST_CASE("distill command: one teacher, an ensemble and a file, with gamma in the result and in the run") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp-32 --epochs 6 --seed 1 --out a");
  json_of(folder.path(), "train --data digits --model cnn --epochs 2 --seed 2 --smoothing 0.2 --out b");
  const auto taught = [&](const std::string& how, const std::string& out) {
    const Json result = json_of(folder.path(), str_cat("distill --data digits --model mlp-16 --epochs 4 --out ", out, " ", how));
    const Json teacher = Json::parse(read_file(folder / (out + "/run.json"))).at("teacher");
    CHECK(teacher.at("equivalent_smoothing") == result.at("gamma"));
    CHECK(result.at("accuracy") > 0.3);
    return teacher;
  };
  const Json moving = taught("--teacher a --temperature 2", "one");
  CHECK(moving.at("by_sample") == false);
  CHECK(moving.at("student_temperature") == 1.0);
  CHECK(moving.at("factor") == "none");
  const Json still = taught("--teacher a --temperature 2 --form hinton" + kStill, "still");
  CHECK(still.at("by_sample") == true);
  CHECK(still.at("student_temperature") == 2.0);
  CHECK(still.at("factor") == "squared");
  CHECK(still.at("equivalent_smoothing") == moving.at("equivalent_smoothing"));
  CHECK(taught("--teacher a --temperature 8" + kStill, "hot").at("equivalent_smoothing") > still.at("equivalent_smoothing"));
  const Json both = taught("--teacher a b --temperature 2 --form decoupled --dkd-beta 4 --beta 0.5", "both");
  CHECK(both.at("run") == "a + b");
  CHECK(both.at("model") == "mlp-32 + cnn");
  CHECK(both.at("smoothing") == 0.2);
  CHECK(both.at("dkd_beta") == 4.0);

  const runs::ImageRun a = runs::load_image_run(folder / "a");
  const data::Splits splits = data::digits();
  const calibration::Predictions known = models::predict(a.model, splits.train);
  const Shape shape{splits.train.size(), 10};
  write_safetensors(folder / "t.safetensors", {.tensors = {{"logits", {.shape = shape, .values = known.logits}}}, .metadata = {}});
  const Json file = taught("--teacher-logits t.safetensors --temperature 2 --form hinton" + kStill, "filed");
  CHECK(file.at("equivalent_smoothing") == still.at("equivalent_smoothing"));
  CHECK(read_file(folder / "filed/model.safetensors") == read_file(folder / "still/model.safetensors"));
  std::vector<float> rotated = known.logits;
  std::rotate(rotated.begin(), rotated.begin() + 3770, rotated.end());
  write_safetensors(folder / "r.safetensors", {.tensors = {{"logits", {.shape = shape, .values = rotated}}}, .metadata = {}});
  const Result warned =
      temper_program(folder.path(), "distill --data digits --model mlp-8 --epochs 1 --out r --teacher-logits r.safetensors" + kStill);
  CHECK(warned.err.find("are its rows in their order?") != std::string::npos);
  REQUIRE(temper_program(folder.path(), "report one still both filed").code == 0);
}

TEST_CASE("distill command: says gamma, and what is known about smoothed teachers") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp-16 --epochs 2 --smoothing 0.1 --out teacher");
  const auto says = [&](const std::string& how) {
    return temper_program(folder.path(), "distill --teacher teacher --model mlp-8 --epochs 1 --overwrite --out student " + how).err;
  };
  const std::string at_1 = says(""), at_4 = says("--temperature 4" + kStill), logits = says("--form logits --clip 1");
  CHECK(at_1.find("teacher teacher: ") != std::string::npos);
  CHECK(at_1.find("gamma 0.") != std::string::npos);
  CHECK(at_1.find("at T = 1 it is known to teach no worse") != std::string::npos);
  CHECK(at_1.find("computed anew for every batch") != std::string::npos);
  CHECK(at_1.find("warning: the teacher") == std::string::npos);
  CHECK(at_4.find("warning: the teacher was trained with label smoothing 0.1: above temperature 1") != std::string::npos);
  CHECK(at_4.find("steps smaller by about T^2") != std::string::npos);
  CHECK(at_4.find("are computed once") != std::string::npos);
  CHECK(logits.find("0.91 % errors") != std::string::npos);
}

TEST_CASE("distill command: teachers that do not fit, are damaged, unfinished or none are refused before anything is trained") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp-8 --epochs 1 --out teacher");
  json_of(folder.path(), "train --data digits --model mlp-8 --epochs 1 --crop 6 --out cropped");
  const std::string distill = "distill --model mlp-8 --epochs 1 --out student ";
  const std::string run = read_file(folder / "teacher/run.json"), weights = read_file(folder / "teacher/model.safetensors");
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = run;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    write_file(folder / "teacher/run.json", text.replace(at, from.size(), to));
  };
  changed("\"3\"", "\"three\"");
  check_teaches_nothing(folder, distill + "--teacher teacher", 2, "class 3 is three, here it is 3");
  Json swapped = Json::parse(run);
  std::swap(swapped["classes"][2], swapped["classes"][5]);
  write_file(folder / "teacher/run.json", swapped.dump());
  check_teaches_nothing(folder, distill + "--teacher teacher", 2, "class 2 is 5, here it is 2");
  Json larger = Json::parse(run);
  larger["classes"].push_back("ten");
  write_file(folder / "teacher/run.json", larger.dump());
  check_teaches_nothing(folder, distill + "--teacher teacher", 1, "teacher/model.safetensors");  // its weights are of ten classes
  write_file(folder / "teacher/run.json", run);

  std::filesystem::create_directory(folder / "pictures");
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}, weights.size() / 2, weights.size() - 1}) {
    write_file(folder / "teacher/model.safetensors", std::string_view(weights).substr(0, size));
    check_teaches_nothing(folder, distill + "--teacher teacher", 1, "teacher/model.safetensors");
  }
  std::filesystem::remove(folder / "teacher/model.safetensors");
  check_teaches_nothing(folder, distill + "--teacher teacher", 1, "teacher/model.safetensors");
  write_file(folder / "teacher/model.safetensors", weights);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, run.size() / 2, run.size() - 3}) {
    write_file(folder / "teacher/run.json", std::string_view(run).substr(0, size));
    check_teaches_nothing(folder, distill + "--teacher teacher", 1, "teacher/run.json");
  }
  std::filesystem::remove(folder / "teacher/run.json");
  check_teaches_nothing(folder, distill + "--teacher teacher", 1, "no finished run");
  check_teaches_nothing(folder, distill + "--teacher pictures", 1, "no finished run");
  write_file(folder / "teacher/run.json", run);

  write_file(folder / "logits.csv", "1,2,3\n4,5,6\n");
  check_teaches_nothing(folder, distill + "--data digits --teacher-logits logits.csv" + kStill, 1, "logits.csv");
  check_teaches_nothing(folder, distill + "--data digits --teacher-logits logits.csv", 2, "--teacher-logits: the file has the logits");
  check_teaches_nothing(folder, distill + "--teacher teacher --teacher-logits logits.csv", 2, "--teacher-logits");
  check_teaches_nothing(folder, distill + "--teacher teacher --probabilities", 2, "--probabilities");
  check_teaches_nothing(folder, distill + "--teacher-logits logits.csv", 2, "--data");
  check_teaches_nothing(folder, distill + "--teacher teacher --teacher nowhere", 1, "nowhere");
  check_teaches_nothing(folder, distill + "--teacher teacher --form logits --factor squared", 2, "--factor");
  check_teaches_nothing(folder, distill + "--teacher teacher --student-temperature -1", 2, "--student-temperature");
  check_teaches_nothing(folder, distill + "--teacher teacher --dkd-alpha nan", 2, "--dkd-alpha");
  CHECK(temper_program(folder.path(), distill + "--teacher teacher --teacher cropped").code == 0);
}

TEST_CASE("analyze command: every figure, as text, JSON and files") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model cnn --epochs 3 --out hard");
  const Json all = json_of(folder.path(), "analyze hard --out figures --inputs 30");
  for (const char* split : {"train", "val"}) {
    CHECK(all.at("projection").at(split).at("spread") > 0);
    CHECK(all.at("projection").at(split).at("spread") < 0.5);  // clusters, not a cloud
    CHECK(all.at("templates").at(split).at("own") < all.at("templates").at(split).at("others"));
    CHECK(report::well_formedness_error(read_file(folder / str_cat("figures/projection-", split, ".svg"))).empty());
  }
  CHECK(all.at("projection").at("train").at("images") == 300);
  CHECK(all.at("templates").at("between").size() == 100);
  CHECK(all.at("information").at("inputs") == 60);
  CHECK(all.at("information").at("y") == "fresh");
  CHECK(all.at("information").at("nats") > all.at("information").at("shuffled"));
  CHECK(all.at("smoothing").size() == 4);
  CHECK(all.at("smoothing")[0].at("gamma") < all.at("smoothing")[3].at("gamma"));
  const auto lines = [&](const char* file) {
    const std::string text = read_file(folder / str_cat("figures/", file));
    return std::count(text.begin(), text.end(), '\n');
  };
  CHECK(lines("projection-train.csv") == 1 + 300 + 3);
  CHECK(lines("template-distances.csv") == 11);
  CHECK(lines("information.csv") == 61);
  CHECK(lines("smoothing.csv") == 5);

  const Json chosen = json_of(folder.path(), "analyze hard --figure projection --classes 7,1,4 --split test --examples 5");
  CHECK(chosen.at("projection").at("classes") == Json({"7", "1", "4"}));
  CHECK(chosen.at("projection").at("test").at("images") == 15);
  CHECK_FALSE(chosen.contains("smoothing"));
  const Json reused = json_of(folder.path(), "analyze hard --figure information --inputs 30 --images 3 --reuse --threads 1");
  CHECK(reused.at("information").at("y") == "reused");
  CHECK(reused == json_of(folder.path(), "analyze hard --figure information --inputs 30 --images 3 --reuse --threads 3"));
  const std::string text = temper_program(folder.path(), "analyze hard --inputs 30 --temperature 1,3").out;
  for (const char* word : {"spread", "unevenness", "shuffled", "gamma"}) CHECK(text.find(word) != std::string::npos);
}

TEST_CASE("analyze command: information along a training that was stopped and went on") {
  const TemporaryFolder folder;
  const std::string train = "train --data digits --model cnn --epochs 4 --snapshot-every 2";
  json_of(folder.path(), train + " --out whole");
  const Result stopped = shell(folder.path(), str_cat("timeout -s TERM 0.4 ", TEMPER_PROGRAM, " ", train, " --out parts"));
  json_of(folder.path(), train + " --out parts --resume");
  for (const char* epoch : {"2", "4"}) {
    const std::string file = str_cat("/snapshots/epoch-000", epoch, ".safetensors");
    CHECK(read_file(folder / ("whole" + file)) == read_file(folder / ("parts" + file)));
  }
  const Json along = json_of(folder.path(), "analyze whole --figure information --inputs 30 --snapshots --out figures");
  REQUIRE(along.at("information_by_epoch").size() == 2);
  CHECK(along.at("information_by_epoch")[1].at("epoch") == 4);
  const Json end = json_of(folder.path(), "analyze whole --figure information --inputs 30");
  CHECK(along.at("information_by_epoch")[1].at("nats") == end.at("information").at("nats"));
  CHECK(Json::parse(read_file(folder / "figures/analysis.json")) == along);
  CHECK(stopped.code != 1);
}

TEST_CASE("analyze command: what makes no sense is refused in one line") {
  const TemporaryFolder folder;
  json_of(folder.path(), "train --data digits --model mlp-8 --epochs 1 --out run" + kStill);
  const auto refused = [&](const std::string& arguments, int code, const char* about) {
    check_teaches_nothing(folder, "analyze " + arguments, code, about);
  };
  refused("nowhere", 1, "nowhere");
  refused("run --figure pie", 2, "--figure");
  refused("run --figure projection --classes 1,2", 2, "--classes");
  refused("run --figure projection --classes 1,2,2", 2, "named twice");
  refused("run --figure projection --classes 1,2,3,4", 2, "--classes: 4 of them");
  refused("run --snapshots", 2, "--snapshots: run has none");
  refused("run --figure projection --classes 1,2,ten", 2, "ten is no class");
  refused("run --figure projection --classes 1,2,10", 2, "10 is no class");
  refused("run --split all", 2, "--split");
  refused("run --temperature 0", 2, "--temperature");
  refused("run --examples 0", 2, "--examples");
  refused("run --images 1 --reuse", 2, "--images");
  refused("run --flip sideways", 2, "--flip");
  refused("run --shift 8", 2, "--shift");
  refused("run --figure information", 2, "was trained without");
  CHECK(json_of(folder.path(), "analyze run --figure information --shift 1 --inputs 20").at("information").at("inputs") == 40);
  CHECK_FALSE(json_of(folder.path(), "analyze run").contains("information"));
}

}  // namespace
}  // namespace temper
