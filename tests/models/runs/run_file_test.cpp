#include "models/runs/run_file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "core/base/file.h"
#include "models/runs/json.h"
#include "models/runs/log_file.h"
#include "tests/contains.h"
#include "tests/temporary_folder.h"

namespace temper::runs {
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

class Folder {
 public:
  Folder() { make_folder(path()); }

  std::string path() const { return folder_ / "my run"; }
  void write(const char* name, const std::string& text) const { write_file(path() + "/" + name, text); }
  std::string error() const {
    try {
      read_run(path());
      return "";
    } catch (const Error& error) {
      return error.what();
    }
  }

 private:
  TemporaryFolder folder_;
};

TEST_CASE("run file: a run folder is read whole") {
  const Folder folder;
  folder.write("run.json", run_json());
  folder.write("calibrator.json", calibrator_json());
  folder.write("log.csv", std::string(kLogHeader) + "1,0.1,2.5,0.2,2.1,0.3,0.1,4,1000\r\n2,0.1,nan,,inf,0.4,0.1,4,1000\n");
  const Run run = read_run(folder.path() + "/");
  CHECK(run.name == "my run");
  CHECK(run.command == "distill");
  CHECK(run.data == "mnist:a/b");
  CHECK(run.recipe.model == "cnn");
  CHECK(run.recipe.smoothing == 0.1f);
  CHECK(run.recipe.epochs == 30);
  CHECK(run.parameters == 61706);
  CHECK(run.seconds == 12.5);
  REQUIRE(run.teacher);
  CHECK(run.teacher->model == "resnet20");
  CHECK(run.teacher->smoothing == 0.2f);
  CHECK(run.recipe.distillation.beta == 0.5f);
  CHECK(run.recipe.distillation.teacher_temperature == 2);
  CHECK(std::isnan(run.teacher->equivalent_smoothing));
  CHECK(run.test.samples == 300);
  CHECK(run.test.classwise_ece == 0.01);
  CHECK(std::isnan(run.test.auroc));
  REQUIRE(run.test_reliability.size() == 2);
  CHECK(run.test_reliability[0].accuracy == 0);
  CHECK(run.test_reliability[1].confidence == 0.94);
  CHECK(run.machine.cores == 2);
  REQUIRE(run.calibration);
  CHECK(run.temperature() == 1.9);
  REQUIRE(run.calibration->evaluation.before.reliability.size() == 1);
  CHECK(std::isnan(run.calibration->evaluation.before.ece_interval.lower));
  CHECK(run.recipe.nesterov);
  CHECK(run.recipe.clip_norm == 0);  // null is no setting
  REQUIRE(run.epochs.size() == 2);
  CHECK(run.epochs[0].samples_per_second == 1000);
  CHECK(std::isnan(run.epochs[1].train_accuracy));
  CHECK(std::isinf(run.epochs[1].val.nll));
  CHECK(diverged_at(run) == 2);
}

TEST_CASE("run file: of a run of an older version the settings are listed that its file has") {
  const Folder folder;
  folder.write("run.json", run_json());
  std::vector<std::string> keys;
  for (const auto& [key, value] : list_settings(read_run(folder.path()))) keys.push_back(key);
  std::ranges::sort(keys);
  CHECK(keys == std::vector<std::string>{"data", "epochs", "model", "nesterov", "smoothing", "threads"});
}

TEST_CASE("run file: only run.json is required") {
  const Folder folder;
  folder.write("run.json", run_json());
  const Run run = read_run(folder.path());
  CHECK(run.epochs.empty());
  CHECK_FALSE(run.calibration);
  CHECK_FALSE(diverged_at(run));
}

TEST_CASE("run file: the metrics of a diverged run may be null") {
  const Folder folder;
  folder.write("run.json", R"({"settings":{"data":"digits","model":"mlp"},"metrics":{"test":{"samples":360,"accuracy":0.1,"nll":null}}})");
  const Run run = read_run(folder.path());
  CHECK(run.test.accuracy == 0.1);
  CHECK(std::isnan(run.test.nll));
  CHECK(std::isnan(run.test.ece));
}

TEST_CASE("run file: a log is read by column name, and a resumed run overwrites its later epochs") {
  const Folder folder;
  folder.write("run.json", run_json());
  folder.write("log.csv", "val_accuracy,extra,epoch,val_nll,train_loss\n0.5,x,1,1,4\n0.6,x,2,1,3\n0.7,x,3,1,2\n0.9,x,2,1,1\n\n");
  const Run run = read_run(folder.path());
  REQUIRE(run.epochs.size() == 2);
  CHECK(run.epochs[1].epoch == 2);
  CHECK(run.epochs[1].val.accuracy == 0.9);
  CHECK(run.epochs[1].train_loss == 1);
  CHECK(std::isnan(run.epochs[1].val.ece));
}

TEST_CASE("run file: a missing run is refused with its path") {
  const Folder folder;
  CHECK(contains(folder.error(), folder.path() + ": it holds no run.json, so no finished run; "));
  CHECK_THROWS_WITH_AS(read_run(folder.path() + "/none"), doctest::Contains("none: there is no such folder; give"), Error);
}

TEST_CASE("run file: damaged files are refused with path, reason and advice") {
  struct Damage {
    const char *file, *from, *to, *reason;
  };
  const std::string log = std::string(kLogHeader) + "1,0.1,2.5,0.2,2.1,0.3,0.1,4,1000\n";
  const Damage damages[] = {
      {"run.json", "\"seconds\":12.5,", "\"seconds\":12.5", "not valid JSON at byte "},
      {"run.json", "{\"temper\"", "[{\"temper\"", "not valid JSON"},
      {"run.json", "\"model\":\"cnn\"", "\"model\":7", "settings.model is not a text"},
      {"run.json", "\"data\":", "\"date\":", "settings.data is missing"},
      {"run.json", "\"epochs\":30", "\"epochs\":30.5", "settings.epochs is not a whole number"},
      {"run.json", "\"nesterov\":true", "\"nesterov\":1", "settings.nesterov is not true or false"},
      {"run.json", "\"smoothing\":0.1", "\"optimizer\":\"magic\"", "settings.optimizer: "},
      {"run.json", "\"command\":\"distill\"", "\"command\":1", "command is not a text"},
      {"run.json", "\"accuracy\":0.9,", "\"accuracy\":90,", "metrics.val.accuracy is 90, not in 0..1"},
      {"run.json", "\"parameters\":61706", "\"parameters\":-1", "parameters is not a count"},
      {"run.json", "\"count\":300", "\"count\":1.5", "reliability.test[1].count is not a count"},
      {"run.json", "\"machine\":{\"cores\":2}", "\"machine\":3", "machine is not an object"},
      {"calibrator.json", "\"temperature\":1.9", "\"temperature\":-1.9", "temperature is -1.9, not above 0"},
      {"calibrator.json", "\"temperature\":1.9", "\"temperature\":\"hot\"", "temperature is not a number"},
      {"calibrator.json", "\"temperature\":1.9,", "", "temperature is missing"},
      {"calibrator.json", "\"method\":\"temperature\"", "\"method\":\"magic\"", "method is magic, which this version does not know"},
      {"calibrator.json", "\"method\":\"temperature\"", "\"method\":\"vector\"", "classes is missing"},
      {"calibrator.json", "\"status\":\"converged\"", "\"status\":\"lost\"", "status: lost is not known"},
      {"calibrator.json", "\"accuracy\":0.9,", "\"accuracy\":90,", "before.accuracy is 90, not in 0..1"},
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
    CHECK(contains(error, folder.path() + "/" + damage.file + ": "));
    CHECK(contains(error, damage.reason));
    CHECK(contains(error, "; "));
  }
}

TEST_CASE("run file: a cut or empty file is refused") {
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

TEST_CASE("run file: what is absent was not measured") {
  const Folder folder;
  folder.write("run.json", R"({"settings":{"data":"digits","model":"mlp"}})");
  folder.write("calibrator.json", R"({"method":"temperature","temperature":2})");
  const Run run = read_run(folder.path());
  CHECK(run.version.empty());
  CHECK(run.command == "train");
  CHECK(std::isnan(run.seconds));
  for (const calibration::Metric& metric : calibration::kMetrics) {
    CHECK(std::isnan(run.val.*metric.value));
    CHECK(std::isnan(run.test.*metric.value));
    CHECK(std::isnan(run.calibration->evaluation.after.metrics.*metric.value));
  }
  CHECK(run.temperature() == 2);
  CHECK(run.calibration->measured_on == "test");
}

// Every field has another value than it has by itself.
Run unusual_run() {
  Run run{.command = "distill",
          .created = "2026-11-25T02:00:00Z",
          .data = "mnist:a/b",
          .threads = 3,
          .parameters = 61706,
          .kept_epoch = 2,
          .seconds = 12.5};
  run.recipe.model = "cnn";
  run.recipe.smoothing = 0.1f;
  run.recipe.learning_rate = 0.3f;
  run.recipe.freeze = {{"a.*", 2}};
  run.recipe.distillation = {.teacher_temperature = 4,
                             .student_temperature = 2,
                             .factor = training::Distillation::Factor::squared,
                             .beta = 0.7f,
                             .form = training::Distillation::Form::decoupled,
                             .target_weight = 0.5f,
                             .non_target_weight = 6};
  run.teacher = TeacherRecord{
      .run = "a + b", .model = "cnn + mlp", .smoothing = 0.2f, .equivalent_smoothing = 1.0 / 3, .by_sample = true, .fingerprint = "f"};
  double value = 0.01;
  for (const calibration::Metric& metric : calibration::kMetrics) {
    run.val.*metric.value = value += 1.0 / 300;
    run.test.*metric.value = value += 1.0 / 300;
  }
  run.val.samples = 100;
  run.test.samples = 200;
  run.test_reliability = {{0, 0.5, 0, 0, 0}, {0.5, 1, 200, 0.9, 2.0 / 3}};
  run.score = {
      .bleu = {.score = 31.5, .precisions = {60, 40, 30, 20}, .brevity_penalty = 0.9, .hypothesis_length = 7, .reference_length = 8},
      .signature = "s",
      .beam = 4,
      .length_penalty = 0.6};
  run.machine = {.cpu = "c", .cores = 5, .blas = "b", .compiler = "g"};
  return run;
}

TEST_CASE("run file: what is written is read again, to the bit") {
  const Run run = unusual_run();
  const Json written = to_json(run, {{"image", {8, 8, 1}}});
  const Run read = read_run(JsonNode(parse_json(written.dump())));
  CHECK(to_json(read, {{"image", {8, 8, 1}}}).dump(1) == written.dump(1));
  CHECK(read.version == kVersion);
  CHECK(read.recipe.distillation == run.recipe.distillation);
  CHECK(read.recipe.learning_rate == run.recipe.learning_rate);
  CHECK(read.teacher->equivalent_smoothing == run.teacher->equivalent_smoothing);
  CHECK(read.test_reliability[1].accuracy == run.test_reliability[1].accuracy);
  for (const calibration::Metric& metric : calibration::kMetrics) CHECK(read.val.*metric.value == run.val.*metric.value);
  CHECK(list_settings(read) == list_settings(run));
}

TEST_CASE("run file: of weights from elsewhere no setting of a training is told") {
  Run run = unusual_run();
  run.weights = "w.pt";
  for (const auto& [key, value] : list_settings(run)) CHECK(key != "lr");
  run.weights = "";
  CHECK(std::ranges::count(list_settings(run), std::pair<std::string, std::string>("lr", "0.3")) == 1);
}

TEST_CASE("run file: the log that is written is read again") {
  const Folder folder;
  std::vector<training::EpochRecord> epochs{{.epoch = 1,
                                             .learning_rate = 0.05,
                                             .train_loss = 2.25,
                                             .train_accuracy = 0.5,
                                             .val = {.accuracy = 0.25, .nll = 1.5, .ece = 0.125},
                                             .seconds = 3,
                                             .samples_per_second = 1000}};
  epochs.push_back({.epoch = 2, .train_loss = calibration::kNotMeasured, .train_accuracy = 0.5});
  for (const char* unit : {"images", "words"}) {
    write_log(folder.path(), epochs, unit);
    const std::string text = read_file(folder.path() + "/log.csv");
    CHECK(text.starts_with(
        str_cat("epoch,lr,train_loss,train_accuracy,val_nll,val_accuracy,val_ece,seconds,", unit, "_per_second\n1,0.05,")));
    const std::vector<training::EpochRecord> read = parse_log(text, "log.csv");
    REQUIRE(read.size() == 2);
    CHECK(read[0].samples_per_second == 1000);
    CHECK(read[0].val.ece == 0.125);
    CHECK(std::isnan(read[0].val.brier));
    CHECK(std::isnan(read[1].train_loss));
    CHECK(std::isnan(read[1].val.nll));
  }
}

}  // namespace
}  // namespace temper::runs
