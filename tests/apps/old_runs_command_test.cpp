// Every command reads the runs that older versions left behind, tests/fixtures/VERSION, and runs that lack what came later.

#include <filesystem>

#include "data/file_bytes.h"
#include "tests/apps/temper/program.h"
#include "tests/contains.h"
#include "tests/temporary_folder.h"

namespace temper {
namespace {

namespace fs = std::filesystem;

// A copy of all fixtures, the translator's weights unpacked.
class OldRuns {
 public:
  OldRuns() {
    fs::copy(TEMPER_SOURCE_DIR "/tests/fixtures/c2dddfa", folder_.path(), fs::copy_options::recursive);
    const std::vector<std::uint8_t> weights = data::read_unpacked(folder_ / "translator/model.safetensors.gz").bytes;
    write_file(folder_ / "translator/model.safetensors", std::string_view(reinterpret_cast<const char*>(weights.data()), weights.size()));
  }
  const std::string& path() const { return folder_.path(); }
  Json run_json(const std::string& run) const { return Json::parse(read_file(folder_ / run + "/run.json")); }
  void write_run_json(const std::string& run, const Json& json) const { write_file(folder_ / run + "/run.json", json.dump(2)); }

 private:
  TemporaryFolder folder_;
};

TEST_CASE("old runs: eval, calibrate, distill, report and resume read them") {
  const OldRuns runs;
  const Json teacher = json_of(runs.path(), "eval teacher"), student = json_of(runs.path(), "eval student");
  CHECK(teacher.at("calibrator") == "temperature");
  CHECK(student.at("calibrator") == "vector");
  const Json after = Json::parse(read_file(runs.path() + "/teacher/calibrator.json")).at("after");
  CHECK(teacher.at("nll").get<double>() == doctest::Approx(after.at("nll").get<double>()).epsilon(1e-4));
  CHECK(json_of(runs.path(), "eval converted").at("calibrator").is_null());
  CHECK(json_of(runs.path(), "eval translator --beam 0").at("samples") ==
        json_of(runs.path(), "calibrate translator").at("before").at("samples"));
  CHECK(json_of(runs.path(), "calibrate converted").at("status") == "converged");
  CHECK(json_of(runs.path(), "calibrate --apply logits-isotonic --logits logits.npy --labels labels.npy").at("classes") == 4);
  CHECK(json_of(runs.path(), "distill --teacher teacher --model mlp-8 --epochs 1 --out taught").contains("gamma"));
  CHECK(json_of(runs.path(), "report teacher student converted translator taught").at("runs").size() == 5);
  const Json finished = json_of(runs.path(), "train --resume --out teacher");
  CHECK(finished.at("nll") == runs.run_json("teacher").at("metrics").at("test").at("nll"));
  CHECK(finished.at("val").at("nll") == runs.run_json("teacher").at("metrics").at("val").at("nll"));
  CHECK(json_of(runs.path(), "train --resume --out stopped").at("samples") == 300);
  CHECK(runs.run_json("stopped").at("settings").at("epochs") == 3);
}

// Each of these is a file of another version. Where a metric is missing, a dash stands.
TEST_CASE("old runs: what is absent was not measured, and what is unknown is skipped") {
  const OldRuns runs;
  const auto resumed = [&](const Json& json) {
    runs.write_run_json("teacher", json);
    CHECK(json_of(runs.path(), "eval teacher").at("samples") == 300);
    CHECK(json_of(runs.path(), "report teacher").at("runs").size() == 1);
    const Json printed = json_of(runs.path(), "train --resume --out teacher");
    const Result text = temper_program(runs.path(), "train --resume --out teacher");
    CHECK(text.code == 0);
    return std::pair(printed, text.out);
  };
  const Json whole = runs.run_json("teacher");
  {
    Json json = whole;
    for (const char* split : {"val", "test"}) json["metrics"][split].erase("auroc");
    const auto [printed, text] = resumed(json);
    CHECK(printed.at("auroc").is_null());
    CHECK(printed.at("nll") == whole.at("metrics").at("test").at("nll"));
    CHECK_FALSE(contains(text, " -"));
  }
  {
    Json json = whole;
    json["metrics"].erase("val");
    const auto [printed, text] = resumed(json);
    CHECK(printed.at("val").at("nll").is_null());
    CHECK(contains(text, "val (0 images): accuracy -, NLL -, ECE -, Brier -"));
  }
  {
    Json json = whole;
    json["metrics"]["test"]["nll"] = nullptr;
    json["machine"] = nullptr;
    json["kept_epoch"] = nullptr;
    const auto [printed, text] = resumed(json);
    CHECK(printed.at("nll").is_null());
    CHECK(contains(text, ", NLL -,"));
  }
  {
    Json json = whole;
    json["temper"] = "9.0.0";
    json["moon"] = {{"phase", "full"}};
    json["settings"]["moon"] = 1;
    json["metrics"]["test"]["moon"] = "full";
    json["metrics"]["moon"] = Json::array();
    CHECK(resumed(json).first.at("nll") == whole.at("metrics").at("test").at("nll"));
  }
  {
    Json json = whole;
    json["settings"] = {{"data", "digits"}, {"model", "mlp-16"}};
    for (const char* key : {"temper", "command", "created", "preprocessing", "machine", "kept_epoch", "seconds", "metrics", "reliability"})
      json.erase(key);
    CHECK(resumed(json).first.at("nll").is_null());
  }
}

TEST_CASE("old runs: what cannot be read is named by file and key, and nobody is told to train again") {
  const OldRuns runs;
  const Json whole = runs.run_json("teacher");
  const auto refused = [&](const std::string& pointer, const Json& value, const std::string& reason) {
    Json json = whole;
    json[Json::json_pointer(pointer)] = value;
    runs.write_run_json("teacher", json);
    for (const char* command : {"eval teacher", "report teacher", "train --resume --out teacher"}) {
      check_refused(runs.path(), command, 1, "teacher/run.json: " + reason);
      const std::string said = read_file(runs.path() + "/stderr");
      CHECK_FALSE(contains(said, "train"));
      CHECK_FALSE(contains(said, "overwrite"));
    }
  };
  refused("/metrics/val/nll", "low", "metrics.val.nll is not a number; ");
  refused("/metrics/test/accuracy", 90, "metrics.test.accuracy is 90, not in 0..1; ");
  refused("/settings/epochs", "many", "settings.epochs is not a whole number; ");
  refused("/settings/model", nullptr, "settings.model is missing; ");
  refused("/parameters", -1, "parameters is not a count; ");
  runs.write_run_json("teacher", whole);
  // A calibrator is made again, whatever is wrong with the last one.
  write_file(runs.path() + "/teacher/calibrator.json", R"({"method": "temperature", "temperature": "hot"})");
  check_refused(runs.path(), "eval teacher", 1, "teacher/calibrator.json: temperature is not a number; run `temper calibrate` again");
  CHECK(json_of(runs.path(), "calibrate teacher").at("method") == "temperature");
  CHECK(json_of(runs.path(), "eval teacher").at("calibrator") == "temperature");
}

}  // namespace
}  // namespace temper
