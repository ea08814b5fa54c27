// What older versions left behind is read for ever: tests/fixtures/VERSION.

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "core/base/file.h"
#include "data/dataset.h"
#include "data/file_bytes.h"
#include "models/calibration/study/calibration_file.h"
#include "models/calibration/study/json.h"
#include "models/runs/image_run.h"
#include "models/runs/json.h"
#include "models/runs/log_file.h"
#include "models/runs/translation_run.h"
#include "models/training/checkpoints.h"
#include "models/training/settings.h"
#include "tests/temporary_folder.h"

namespace temper::runs {
namespace {

namespace fs = std::filesystem;

const std::string kFixtures = TEMPER_SOURCE_DIR "/tests/fixtures/c2dddfa/";

Json parsed(const std::string& path) { return parse_json(read_file(path)); }

// What run.json says of its model.
Json model_part(const Json& run) {
  Json part = Json::object();
  for (const char* key : {"image", "classes", "normalization", "preprocessing", "text"})
    if (run.contains(key)) part[key] = run.at(key);
  return part;
}

// The file is what is written of it again, but for keys that came later, and the version of temper that wrote it.
void check_same(Json written, Json stored) {
  written = parse_json(written.dump());  // where NaN is null
  const auto forget_later_keys = [](auto forget, Json& later, const Json& old) -> void {
    if (!later.is_object() || !old.is_object()) return;
    for (auto entry = later.begin(); entry != later.end();) {
      if (!old.contains(entry.key())) {
        entry = later.erase(entry);
      } else {
        forget(forget, *entry, old.at(entry.key()));
        ++entry;
      }
    }
  };
  forget_later_keys(forget_later_keys, written, stored);
  written.erase("temper");
  stored.erase("temper");
  CHECK(written.dump(1) == stored.dump(1));
}

TEST_CASE("old runs: run.json, log.csv and calibrator.json are read whole: what is written of them again is what they were") {
  const TemporaryFolder folder;
  for (const std::string name : {"teacher", "student", "converted", "translator"}) {
    CAPTURE(name);
    const Run run = read_run(kFixtures + name);
    CHECK(run.name == name);
    CHECK(run.version == "0.1.0");
    Json stored = parsed(kFixtures + name + "/run.json");
    for (const training::Setting& setting : training::settings())  // are not written any more where they change nothing
      if (!setting.applies_to(run.recipe, run.data)) stored.at("settings").erase(setting.key);
    check_same(to_json(run, model_part(stored)), stored);
    write_log(folder.path(), run.epochs, run.unit());
    if (name != "converted") CHECK(read_file(folder / "log.csv") == read_file(kFixtures + name + "/log.csv"));
    CHECK(run.calibration.has_value() == (name != "converted"));
    if (!run.calibration) continue;
    const Json calibrator = parsed(kFixtures + name + "/calibrator.json");
    const calibration::Evaluation& evaluation = run.calibration->evaluation;
    if (at_bound(evaluation.fitted.status)) {  // what was applied then is rejected now
      REQUIRE(evaluation.rejected);
      CHECK(evaluation.rejected->metrics.nll == calibrator.at("after").at("nll"));
      CHECK(evaluation.after.metrics.nll == calibrator.at("before").at("nll"));
      CHECK(run.temperature() == 1);
    } else {
      check_same(calibration::to_json(*run.calibration), calibrator);
    }
  }
  for (const char* method : {"all", "temperature", "ensemble", "vector", "matrix", "dirichlet", "histogram", "isotonic"}) {
    const std::string path = str_cat(kFixtures, "logits-", method, "/calibrator.json");
    CAPTURE(path);
    check_same(calibration::to_json(calibration::load_calibration(path, 4)), parsed(path));
  }
}

TEST_CASE("old runs: the models classify as they did") {
  const data::Splits splits = data::digits();
  for (const char* name : {"teacher", "student", "converted"}) {
    CAPTURE(name);
    const ImageRun loaded = load_image_run(kFixtures + name);
    const calibration::Predictions predictions = models::predict(loaded.model, splits.test);
    const calibration::Metrics now = calibration::metrics(predictions);
    CHECK(now.samples == loaded.run.test.samples);
    for (const calibration::Metric& metric : calibration::kMetrics) {
      const double then = loaded.run.test.*metric.value;  // NaN of one that came later
      if (!std::isnan(then)) CHECK(now.*metric.value == doctest::Approx(then).epsilon(1e-4));
    }
    CHECK_FALSE(std::isnan(loaded.run.test.auroc));
    if (!loaded.run.calibration) continue;
    const calibration::Metrics after = calibration::metrics(predictions, *loaded.run.calibrator());
    CHECK(after.nll == doctest::Approx(loaded.run.calibration->evaluation.after.metrics.nll).epsilon(1e-4));
  }
}

TEST_CASE("old runs: a translator is loaded") {
  const TemporaryFolder folder;
  fs::copy(kFixtures + "translator", folder.path(), fs::copy_options::recursive);
  const std::vector<std::uint8_t> weights = data::read_unpacked(folder / "model.safetensors.gz").bytes;
  write_file(folder / "model.safetensors", std::string_view(reinterpret_cast<const char*>(weights.data()), weights.size()));
  CHECK(is_translation_run(folder.path()));
  const TranslationRun loaded = load_translation_run(folder.path());
  CHECK(loaded.run.unit() == std::string("words"));
  CHECK(loaded.run.score->beam == 4);
  CHECK(loaded.run.temperature().value() > 0);
  CHECK(loaded.run.parameters == loaded.model.parameters->learned_size());
}

TEST_CASE("old runs: a checkpoint is read") {
  const TemporaryFolder folder;
  fs::copy(kFixtures + "stopped", folder / "stopped", fs::copy_options::recursive);
  const auto checkpoint = training::Checkpoints(folder / "stopped").newest([](const std::string& warning) { FAIL(warning); });
  REQUIRE(checkpoint);
  CHECK(checkpoint->plan.data == "digits");
  CHECK(checkpoint->plan.recipe.model == "mlp-8");
  CHECK(checkpoint->state.step == 50);
  REQUIRE(checkpoint->state.epochs.size() == 1);
  CHECK(checkpoint->state.epochs.front().val.samples == 300);
}

}  // namespace
}  // namespace temper::runs
