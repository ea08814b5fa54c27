#include "models/training/run.h"

#include <doctest/doctest.h>

#include "core/file.h"
#include "tests/temporary_folder.h"

namespace temper::training {
namespace {

TEST_CASE("run: what is kept is read back, and damaged runs are refused by file") {
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  const data::Splits splits = data::digits();
  const models::Model model = models::make_model("cnn", splits.train, 1);
  begin_run(run, false);
  CHECK_THROWS_WITH_AS(load_run(run), doctest::Contains("no finished run"), Error);
  const calibration::Predictions predictions = models::predict(model, splits.val);
  RunRecord record{.command = "train", .data = "digits", .model = "cnn", .recipe = {}, .threads = 1};
  record.recipe.smoothing = 0.1f;
  record.val = record.test = calibration::metrics(predictions);
  save_run(run, model, record);

  const LoadedRun loaded = load_run(run);
  CHECK(loaded.data == "digits");
  CHECK(loaded.smoothing == 0.1f);
  CHECK_FALSE(loaded.temperature);
  CHECK(models::predict(loaded.model, splits.val).logits == predictions.logits);

  const auto fitted = calibration::Temperature::fit(predictions);
  save_calibration(run, {.fitted_on = "val", .temperature = fitted, .samples = predictions.size()});
  CHECK(load_run(run).temperature == fitted.value);

  CHECK_THROWS_WITH_AS(begin_run(run, false), doctest::Contains("finished run"), Error);
  const auto damage = [&](const char* file, const std::string& text) {
    const std::string path = run + "/" + file, before = read_file(path);
    write_file(path, text);
    CHECK_THROWS_WITH_AS(load_run(run), doctest::Contains(file), Error);
    write_file(path, before);
    load_run(run);
  };
  damage("run.json", "{");
  damage("run.json", "{}");
  damage("run.json", "[1,2]");
  damage("calibrator.json", R"({"temperature": -1})");
  damage("calibrator.json", R"({"temperature": "hot"})");
  damage("model.safetensors", "");
  begin_run(run, true);
  CHECK_THROWS_AS(load_run(run), Error);
  CHECK_THROWS_WITH_AS(load_run(folder / "nothing"), doctest::Contains("no such folder"), Error);
}

}  // namespace
}  // namespace temper::training
