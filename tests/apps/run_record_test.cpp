#include "apps/report/run_record.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/check.h"
#include "tests/contains.h"

namespace temper::report {
namespace {

constexpr const char* kMetrics =
    R"({"samples":300,"accuracy":0.9,"nll":0.3,"ece":0.04,"mce":0.2,"ace":0.05,"classwise_ece":0.01,"brier":0.1})";
constexpr const char* kLogHeader = "epoch,lr,train_loss,train_accuracy,val_nll,val_accuracy,val_ece,seconds,images_per_second\n";

std::string run_json() {
  return std::string(R"({"temper":"0.1.0","command":"distill","created":"2026-11-25T02:00:00Z",)") +
         R"("settings":{"data":"mnist:a/b","model":"cnn","smoothing":0.1,"epochs":30,"nesterov":true,"clip":null},"parameters":61706,)"
         R"("machine":{"cores":2},"teacher":{"run":"runs/t","model":"resnet20","smoothing":0.2,"temperature":2.0,"beta":0.5},"seconds":12.5,)"
         R"("metrics":{"val":)" +
         kMetrics + R"(,"test":)" + kMetrics +
         R"(},"reliability":{"test":[{"lower":0,"upper":0.5,"count":0,"confidence":null,"accuracy":null},)"
         R"({"lower":0.5,"upper":1,"count":300,"confidence":0.94,"accuracy":0.9}]}})";
}

std::string calibrator_json() {
  return std::string(R"({"method":"temperature","temperature":1.9,"status":"converged","fitted_on":"val","samples":300,"before":)") +
         kMetrics + R"(,"after":)" + kMetrics +
         R"(,"reliability":{"before":[{"lower":0,"upper":1,"count":0,"confidence":0,"accuracy":0}],"after":[]}})";
}

// A run folder that goes away with its test.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("temper-run-record-" + std::to_string(::getpid())) / "my run") {
    std::filesystem::remove_all(path_.parent_path());
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_.parent_path()); }

  const std::filesystem::path& path() const { return path_; }
  void write(const char* name, const std::string& text) const { std::ofstream(path_ / name, std::ios::binary) << text; }
  std::string error() const {
    try {
      read_run_record(path_);
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("report: a run folder is read whole") {
  const Folder folder;
  folder.write("run.json", run_json());
  folder.write("calibrator.json", calibrator_json());
  folder.write("log.csv", std::string(kLogHeader) + "1,0.1,2.5,0.2,2.1,0.3,0.1,4,1000\r\n2,0.1,nan,,inf,0.4,0.1,4,1000\n");
  const RunRecord run = read_run_record(folder.path() / "");
  CHECK(run.name == "my run");
  CHECK(run.command == "distill");
  CHECK(run.data == "mnist:a/b");
  CHECK(run.smoothing == 0.1);
  CHECK(run.parameters == 61706);
  CHECK(run.seconds == 12.5);
  REQUIRE(run.teacher);
  CHECK(run.teacher->model == "resnet20");
  CHECK(run.teacher->smoothing == 0.2);
  CHECK(run.teacher->beta == 0.5);
  CHECK(run.test.samples == 300);
  CHECK(run.test.classwise_ece == 0.01);
  REQUIRE(run.test_bins.size() == 2);
  CHECK(std::isnan(run.test_bins[0].accuracy));
  CHECK(run.test_bins[1].confidence == 0.94);
  REQUIRE(run.calibration);
  CHECK(run.calibration->temperature == 1.9);
  REQUIRE(run.calibration->bins_before.size() == 1);
  CHECK(std::isnan(run.calibration->bins_before[0].confidence));  // 0 in an empty bin is no measurement
  const auto nesterov = std::pair<std::string, std::string>("nesterov", "true");
  REQUIRE(run.settings.size() == 5);  // null is no setting
  CHECK(run.settings[4] == nesterov);
  REQUIRE(run.log.size() == 2);
  CHECK(run.log[0].samples_per_second == 1000);
  CHECK(std::isnan(run.log[1].train_accuracy));
  CHECK(std::isinf(run.log[1].val_nll));
  CHECK(diverged_at(run) == 2);
}

TEST_CASE("report: only run.json is required") {
  const Folder folder;
  folder.write("run.json", run_json());
  const RunRecord run = read_run_record(folder.path());
  CHECK(run.log.empty());
  CHECK_FALSE(run.calibration);
  CHECK_FALSE(diverged_at(run));
}

TEST_CASE("report: the metrics of a diverged run may be null") {
  const Folder folder;
  folder.write("run.json", R"({"settings":{"data":"digits","model":"mlp"},"metrics":{"test":{"samples":360,"accuracy":0.1,"nll":null}}})");
  const RunRecord run = read_run_record(folder.path());
  CHECK(run.test.accuracy == 0.1);
  CHECK(std::isnan(run.test.nll));
  CHECK(std::isnan(run.test.ece));
}

TEST_CASE("report: a log is read by column name, and a resumed run overwrites its later epochs") {
  const Folder folder;
  folder.write("run.json", run_json());
  folder.write("log.csv", "val_accuracy,extra,epoch,val_nll,train_loss\n0.5,x,1,1,4\n0.6,x,2,1,3\n0.7,x,3,1,2\n0.9,x,2,1,1\n\n");
  const RunRecord run = read_run_record(folder.path());
  REQUIRE(run.log.size() == 2);
  CHECK(run.log[1].epoch == 2);
  CHECK(run.log[1].val_accuracy == 0.9);
  CHECK(run.log[1].train_loss == 1);
  CHECK(std::isnan(run.log[1].val_ece));
}

TEST_CASE("report: a missing run is refused with its path") {
  const Folder folder;
  CHECK(contains(folder.error(), (folder.path() / "run.json").string() + ": missing; "));
  CHECK_THROWS_WITH_AS(read_run_record(folder.path() / "none"), doctest::Contains("none: not a folder; give"), Error);
}

TEST_CASE("report: damaged files are refused with path, reason and advice") {
  struct Damage {
    const char *file, *from, *to, *reason;
  };
  const std::string log = std::string(kLogHeader) + "1,0.1,2.5,0.2,2.1,0.3,0.1,4,1000\n";
  const Damage damages[] = {
      {"run.json", "\"seconds\":12.5,", "\"seconds\":12.5", "not valid JSON at byte "},
      {"run.json", "{\"temper\"", "[{\"temper\"", "not valid JSON"},
      {"run.json", "\"model\":\"cnn\"", "\"model\":7", "settings.model is not a text"},
      {"run.json", "\"data\":", "\"date\":", "settings.data is missing"},
      {"run.json", "\"metrics\":{", "\"metric\":{", "metrics is missing"},
      {"run.json", "\"test\":{", "\"tests\":{", "metrics.test is missing"},
      {"run.json", "\"accuracy\":0.9,", "\"accuracy\":90,", "metrics.val.accuracy is 90, not in 0..1"},
      {"run.json", "\"parameters\":61706", "\"parameters\":-1", "parameters is not a count"},
      {"run.json", "\"count\":300", "\"count\":1.5", "reliability.test[1].count is not a count"},
      {"run.json", "\"machine\":{\"cores\":2}", "\"machine\":3", "machine is not an object"},
      {"calibrator.json", "\"temperature\":1.9", "\"temperature\":-1.9", "temperature is -1.9, not above 0"},
      {"calibrator.json", "\"temperature\":1.9", "\"temperature\":\"hot\"", "temperature is not a number"},
      {"calibrator.json", "\"after\":{", "\"later\":{", "after is missing"},
      {"log.csv", "1,0.1,2.5", "1,2.5", "line 2 has 8 fields, the header 9"},
      {"log.csv", "1,0.1,2.5", "1,0.1,2.5x", "line 2 has '2.5x' where a number belongs"},
      {"log.csv", "\n1,", "\n1.5,", "line 2 has epoch '1.5', not a whole number"},
      {"log.csv", "\n1,", "\n,", "line 2 has epoch ''"},
      {"log.csv", "val_nll", "val_loss", "line 1 has no column 'val_nll'"},
  };
  for (const Damage& damage : damages) {
    CAPTURE(damage.reason);
    std::vector<std::pair<std::string, std::string>> files{
        {"run.json", run_json()}, {"calibrator.json", calibrator_json()}, {"log.csv", log}};
    const Folder folder;
    for (auto& [name, text] : files) {
      if (name == damage.file) {
        const std::size_t at = text.find(damage.from);
        REQUIRE(at != std::string::npos);
        text.replace(at, std::string(damage.from).size(), damage.to);
      }
      folder.write(name.c_str(), text);
    }
    const std::string error = folder.error();
    CAPTURE(error);
    CHECK(contains(error, (folder.path() / damage.file).string() + ": "));
    CHECK(contains(error, damage.reason));
    CHECK(contains(error, "; "));
  }
}

TEST_CASE("report: a cut or empty file is refused") {
  const Folder folder;
  folder.write("run.json", run_json());
  folder.write("calibrator.json", "");
  CHECK(contains(folder.error(), "calibrator.json: not valid JSON"));
  folder.write("calibrator.json", calibrator_json());
  folder.write("log.csv", "");
  CHECK(contains(folder.error(), "log.csv: line 1 has no column 'epoch'"));
  for (std::size_t length = 0; length + 1 < run_json().size(); length += 7) {
    folder.write("run.json", run_json().substr(0, length));
    CHECK_FALSE(folder.error().empty());
  }
}

}  // namespace temper::report
