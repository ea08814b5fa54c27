#include "models/runs/image_run.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "models/calibration/calibrators/calibrators.h"
#include "models/calibration/study/calibration_file.h"
#include "models/runs/run_folder.h"
#include "tests/temporary_folder.h"

namespace temper::runs {
namespace {

TEST_CASE("run: what is kept is read back, and damaged runs are refused by file") {
  const TemporaryFolder folder;
  const std::string run = folder / "run";
  const data::Splits splits = data::digits();
  const models::Model model = models::make_model("cnn", splits.train, 1);
  static_cast<void>(begin_run(run, false));
  CHECK_THROWS_WITH_AS(load_image_run(run), doctest::Contains("no finished run"), Error);
  const calibration::Predictions predictions = models::predict(model, splits.val);
  Run record{.command = "train", .data = "digits", .threads = 1};
  record.recipe.model = "cnn";
  record.recipe.smoothing = 0.1f;
  record.val = record.test = calibration::metrics(predictions);
  save_run(run, model, record);

  const ImageRun loaded = load_image_run(run);
  CHECK(loaded.run.data == "digits");
  CHECK(loaded.run.recipe.smoothing == 0.1f);
  CHECK_FALSE(loaded.run.calibration);
  CHECK(models::predict(loaded.model, splits.val).logits == predictions.logits);

  for (const calibration::CalibratorKind* kind : calibration::calibrator_kinds()) {
    const calibration::Evaluation evaluation{.fitted = calibration::fit(*kind, predictions), .before = {}, .after = {}};
    calibration::save_calibration(
        run, {.fitted_on = "val", .measured_on = "test", .classes = 10, .samples = predictions.size(), .evaluation = evaluation});
    const ImageRun stored = load_image_run(run);
    REQUIRE(stored.run.calibration);
    CHECK(stored.run.calibration->evaluation.fitted.kind == kind);
    CHECK(stored.run.calibration->evaluation.fitted.status == evaluation.fitted.status);
    CHECK(calibration::apply(*stored.run.calibrator(), predictions).logits ==
          calibration::apply(is_applied(evaluation.fitted.status) ? *evaluation.fitted.calibrator : *calibration::identity_calibrator(),
                             predictions)
              .logits);
  }
  const calibration::Fitted kept{.kind = &calibration::calibrator_kind("matrix"),
                                 .calibrator = calibration::identity_calibrator(),
                                 .status = calibration::Status::kept_identity};
  calibration::save_calibration(
      run, {.fitted_on = "val", .measured_on = "test", .classes = 10, .evaluation = {.fitted = kept, .before = {}, .after = {}}});
  CHECK(calibration::metrics(predictions, *load_image_run(run).run.calibrator()).nll == calibration::nll(predictions));
  const std::string calibrator = run + "/calibrator.json";
  write_file(calibrator, R"({"method": "temperature", "temperature": 1.5, "status": "converged"})");  // of temper 0.1
  CHECK(load_image_run(run).run.temperature() == 1.5);
  write_file(calibrator, R"({"method": "temperature", "temperature": 0.001, "status": "at_lower_bound", "weights": ")" +
                             loaded.run.weights_fingerprint + "\"}");  // which was applied, once
  CHECK(load_image_run(run).run.temperature() == 1);

  CHECK_THROWS_WITH_AS(static_cast<void>(begin_run(run, false)), doctest::Contains("finished run"), Error);
  const auto damage = [&](const char* file, const std::string& text) {
    const std::string path = run + "/" + file, before = read_file(path);
    write_file(path, text);
    CHECK_THROWS_WITH_AS(load_image_run(run), doctest::Contains(file), Error);
    write_file(path, before);
    load_image_run(run);
  };
  damage("run.json", "{");
  damage("run.json", "{}");
  damage("run.json", "[1,2]");
  damage("calibrator.json", R"({"temperature": -1})");
  damage("calibrator.json", R"({"method": "temperature", "status": "converged", "temperature": "hot"})");
  damage("calibrator.json", R"({"method": "magic", "status": "converged"})");
  damage("calibrator.json", R"({"method": "vector", "status": "converged", "parameters": {"weights": [1, 2], "bias": [0, 0]}})");
  damage("calibrator.json", R"({"method": "temperature", "status": "converged", "temperature": 2, "classes": 3})");
  damage("calibrator.json", R"({"method": "temperature", "status": "converged", "temperature": 7, "parameters": {"temperature": [0.54]}})");
  damage("calibrator.json", R"({"method": "temperature", "status": "converged", "parameters": {"temperature": [-1, 99, 0.54]}})");
  damage("calibrator.json", R"({"method": "temperature", "status": "converged", "temperature": 2, "weights": "0123456789abcdef"})");
  damage("model.safetensors", "");
  write_file(calibrator, "{");
  CHECK_FALSE(load_image_run(run, {.with_calibrator = false}).run.calibration);
  static_cast<void>(begin_run(run, true));
  CHECK_THROWS_AS(load_image_run(run), Error);
  CHECK_THROWS_WITH_AS(load_image_run(folder / "nothing"), doctest::Contains("no such folder"), Error);
}

TEST_CASE("run: crop, standardisation and views come back with the model; runs from before they were stored load") {
  const TemporaryFolder folder;
  const data::Splits splits = data::digits();
  models::Model model = models::make_model("mlp-8", splits.train, 1, {.standardization = data::Standardization::image, .crop = 6});
  model.tta = models::TestTimeAugmentation::flip_shift;
  static_cast<void>(begin_run(folder / "run", false));
  Run record{.command = "train", .data = "digits"};
  record.recipe.model = "mlp-8";
  save_run(folder / "run", model, record);
  const ImageRun loaded = load_image_run(folder / "run");
  CHECK(loaded.model.preprocessing == model.preprocessing);
  CHECK(loaded.model.tta == model.tta);
  CHECK(loaded.model.framing == data::Framing{{8, 8, 1}});
  CHECK(models::predict(loaded.model, splits.test).logits == models::predict(model, splits.test).logits);

  const std::string path = folder / "run/run.json";
  const std::string text = read_file(path);
  const auto replaced = [&](const std::string& what, const std::string& with) {
    std::string changed = text;
    REQUIRE(changed.find(what) != std::string::npos);
    return changed.replace(changed.find(what), what.size(), with);
  };
  write_file(path, replaced("\"preprocessing\"", "\"other\""));
  CHECK(load_image_run(folder / "run").model.preprocessing.crop == 0);
  for (const auto& [what, with] : {std::pair{"\"crop\": 6", "\"crop\": 5"},
                                   {"\"margin\": 0", "\"margin\": -1"},
                                   {"\"standardize\": \"image\"", "\"standardize\": \"magic\""},
                                   {"\"tta\": \"flip-shift\"", "\"tta\": 1"}}) {
    const std::string all = replaced("\"preprocessing\"", "\"preprocessing\"");
    const std::size_t begin = all.find("\"preprocessing\""), at = all.find(what, begin);
    REQUIRE(at != std::string::npos);
    write_file(path, std::string(all).replace(at, std::string(what).size(), with));
    CHECK_THROWS_WITH_AS(load_image_run(folder / "run"), doctest::Contains("run.json"), Error);
  }
}

}  // namespace
}  // namespace temper::runs
