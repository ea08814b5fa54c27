// temper eval

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "apps/temper/data_loading.h"
#include "apps/temper/ranks.h"
#include "apps/temper/threads_option.h"
#include "apps/temper/translation_eval.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/training/json.h"
#include "models/training/run.h"
#include "models/training/together.h"
#include "models/translation/run.h"

namespace temper::app {
namespace {

struct EvalOptions {
  std::string run, data, split = "test";
  std::optional<double> temperature;
  std::optional<std::string> tta;
  std::optional<Index> beam;
  bool json = false;
};

std::string calibrator_text(const EvalOptions& options, const training::LoadedRun& loaded) {
  if (options.temperature) return fmt::format("temperature {:.4g} (as given)", *options.temperature);
  if (!loaded.calibrator) return "temperature 1 (not calibrated)";
  const training::StoredCalibrator& stored = *loaded.calibrator;
  if (stored.temperature) return fmt::format("temperature {:.4g} (of its calibrator)", *stored.temperature);
  const bool identity = stored.status == calibration::Status::kept_identity;
  return fmt::format("{} calibrator{}", stored.kind->name, identity ? ", which keeps the logits as they are" : "");
}

// The run's data, also where they lie in another folder now, are divided as they were for the run: no image that it trained on may come
// into val. Other data are divided in their own way.
data::Splits load(const EvalOptions& options, const training::LoadedRun& loaded) {
  const std::string& spec = options.data.empty() ? loaded.data : options.data;
  const auto kind = [](const std::string& text) { return text.substr(0, text.find(':')); };
  data::LoadOptions how = options_of(loaded);
  const bool same = kind(spec) == "folder" ? spec == loaded.data : kind(spec) == kind(loaded.data);
  if (!same) how.held_out = -1;
  return load_data(spec, how);
}

void run(const EvalOptions& options) {
  TEMPER_CHECK(options.split == "test" || options.split == "val", "--split: ", options.split, " is not known; give test or val");
  TEMPER_CHECK(!options.temperature || (*options.temperature > 0 && std::isfinite(*options.temperature)),
               "--temperature: ", *options.temperature, " is not allowed; give a finite number above 0");
  if (translation::is_translation_run(options.run)) {
    TEMPER_CHECK(!options.tta, "--tta: it averages views of images; a run that translates has none");
    return eval_translation({options.run, options.data, options.split, options.temperature, options.beam.value_or(4), options.json});
  }
  TEMPER_CHECK(!options.beam, "--beam: it is for runs that translate, which ", options.run, " is not");
  training::LoadedRun loaded = training::load_run(options.run);
  if (options.tta) obey("--tta", [&] { loaded.model.views = models::views(*options.tta); });
  const data::Splits splits = load(options, loaded);
  const data::Dataset& set = options.split == "test" ? splits.test : splits.val;
  TEMPER_CHECK(set.class_names == loaded.model.class_names, "--data: the classes of ", set.name,
               " are not those of the run; give the data it was trained on");
  const std::shared_ptr<const calibration::Calibrator> calibrator =
      options.temperature ? std::make_shared<const calibration::TemperatureCalibrator>(*options.temperature)
      : loaded.calibrator ? loaded.calibrator->calibrator
                          : calibration::identity_calibrator();
  training::check_same_images(set, ranks());
  const calibration::Predictions predictions = training::predict_together(loaded.model, set, {.views = loaded.model.views}, ranks());
  if (!is_first_rank()) return;
  const calibration::Metrics m = calibration::metrics(predictions, *calibrator);
  if (options.json) {
    Json json = training::to_json(m);
    const auto temperature = options.temperature ? options.temperature : loaded.calibrator ? loaded.calibrator->temperature : 1;
    json["temperature"] = temperature ? Json(*temperature) : Json();
    json["calibrator"] = options.temperature || !loaded.calibrator ? Json() : Json(loaded.calibrator->kind->name);
    json["split"] = options.split;
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{} on {} ({} images), {}\n", options.run, set.name, grouped(m.samples), calibrator_text(options, loaded));
  fmt::print("  accuracy       {}\n  NLL            {:.4f}\n  Brier          {:.4f}\n", percent(m.accuracy), m.nll, m.brier);
  fmt::print("  ECE            {:.4f}\n  MCE            {:.4f}\n  adaptive ECE   {:.4f}\n  class-wise ECE {:.4f}\n", m.ece, m.mce, m.ace,
             m.classwise_ece);
  fmt::print("  smooth ECE     {:.4f}\n  AURC           {:.4f}\n", m.smooth_ece, m.aurc);
}

}  // namespace

void add_eval(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "Measure a run: accuracy, NLL, calibration errors");
  auto options = std::make_shared<EvalOptions>();
  command->add_option("run", options->run, "The folder of a run")->required()->type_name("RUN");
  command->add_option("--data", options->data, "What to measure on (default: the run's data)")->type_name("SPEC");
  command->add_option("--split", options->split, "test or val (default test)")->type_name("NAME");
  command->add_option("--temperature", options->temperature, "Divide the logits by T instead of applying the run's calibrator")
      ->type_name("T");
  command->add_option("--tta", options->tta, "Views to average: none, flip or flip-shift (default: as in training)")->type_name("NAME");
  command->add_option("--beam", options->beam, "Of a run that translates: for its BLEU (default 4; 0: measure no translations)")
      ->type_name("N");
  add_threads_option(*command);
  command->add_flag("--json", options->json, "Print the result as one JSON object on stdout");
  command->footer(
      "The NLL is that of the labels as they are, also for a run with label smoothing. Of a run that translates, accuracy, NLL and\n"
      "calibration errors are those of next words, given the right ones before, and BLEU that of its translations at its temperature.");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
