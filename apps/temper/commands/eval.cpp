// temper eval

#include <fmt/format.h>

#include <optional>

#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/classes_text.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/metrics_text.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/run_summary.h"
#include "apps/temper/terminal/threads_option.h"
#include "core/base/names.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/metrics/json.h"
#include "models/tasks/tasks.h"

namespace temper::app {
namespace {

struct EvalOptions {
  std::vector<std::string> runs;
  std::string run;  // of them, the one that is measured
  std::string data, split = "test";
  std::optional<double> temperature;
  std::optional<std::string> tta;
  std::optional<Index> beam;
  bool json = false;
};

std::string describe_calibrator(const EvalOptions& options, const runs::Run& run) {
  if (options.temperature) return fmt::format("temperature {:.4g} (as given)", *options.temperature);
  if (!run.calibration) return "temperature 1 (not calibrated)";
  if (const auto temperature = run.temperature()) return fmt::format("temperature {:.4g} (of its calibrator)", *temperature);
  const calibration::Fitted& fitted = run.calibration->evaluation.fitted;
  return fmt::format("{} calibrator{}", fitted.kind->name, is_applied(fitted.status) ? "" : ", which leaves the logits unchanged");
}

// Keeps in the run's classes.json what belongs there: how the run with its own calibrator does on the images that run.json was measured on.
// Anything else was asked for to be looked at: another split, other data, another temperature, other views.
void keep_if_own(const EvalOptions& options, const runs::Run& run, runs::ClassRecord record) {
  if (options.split != "test" || options.temperature || options.tta) return;
  if (!agrees(record, run.test)) {
    if (options.data.empty())
      warn(options.run + "/classes.json: not written, because accuracy and NLL are not those of run.json: the images are others now");
    return;
  }
  if (run.calibration) {
    record.calibrator = run.calibration->evaluation.fitted.kind->name;
    record.temperature = run.temperature().value_or(calibration::kNotMeasured);
  } else {
    record.calibrated = {};
  }
  keep_classes(options.run, record);
}

// Measures options.run, and prints the result, or returns it for --json. Nothing on ranks that only help the first.
Json evaluate(const EvalOptions& options) {
  const std::unique_ptr<tasks::Task> task = tasks::open_run(options.run);
  task->reporter = terminal_reporter();
  task->load_run_data({.data = options.data, .tta = options.tta, .beam = options.beam});
  const tasks::Split split = tasks::parse_split(options.split);
  const runs::Run& run = task->run();
  const std::shared_ptr<const calibration::Calibrator> calibrator =
      options.temperature ? std::make_shared<const calibration::TemperatureCalibrator>(*options.temperature) : run.calibrator();
  const std::optional<double> temperature = options.temperature ? options.temperature : run.temperature();
  const tasks::Measurement measured = task->measure(split, *calibrator, ranks());
  if (!is_first_rank()) return {};
  const calibration::Metrics& m = measured.metrics;
  if (measured.classes) keep_if_own(options, run, *measured.classes);
  // A beam prefers words by a temperature alone: other calibrators are not for decoding.
  const std::optional<translation::Score> score = task->score_translations(split, temperature.value_or(1));
  if (options.json) {
    Json json = calibration::to_json(m);
    json["temperature"] = temperature ? Json(*temperature) : Json();
    json["calibrator"] = options.temperature || !run.calibration ? Json() : Json(run.calibration->evaluation.fitted.kind->name);
    json["split"] = options.split;
    if (score) add_bleu(*score, json);
    if (measured.classes) add_classes(*measured.classes, json);
    return json;
  }
  print("{} on {} ({} {}), {}\n", options.run, task->split_name(split), grouped(m.samples), task->unit(),
        describe_calibrator(options, run));
  if (score) print("  {}, {}, beam {}\n", translation::describe(score->bleu), score->signature, score->beam);
  print("{}", Lines{metrics_lines(m)});
  if (measured.classes) print("\n{}", Lines{classes_text(*measured.classes)});
  return {};
}

void run(EvalOptions options) {
  TEMPER_CHECK(options.split == "test" || options.split == "val", "--split: ", options.split, " is not known; ",
               did_you_mean(options.split, std::vector<std::string>{"test", "val"}), "give test or val");
  const std::vector<std::string> runs = runs_of_sweeps(options.runs);
  Json all = Json::array();
  for (const std::string& run : runs) {
    if (!options.json && is_first_rank() && run != runs.front()) print("\n");
    options.run = run;
    all.push_back(evaluate(options));
    if (runs.size() > 1) all.back()["run"] = run;
  }
  if (options.json && is_first_rank()) print_json(runs.size() == 1 ? all.front() : Json{{"runs", all}});
}

}  // namespace

void add_eval(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "Measure a run: accuracy, NLL, calibration errors, and class by class");
  auto options = std::make_shared<EvalOptions>();
  command->add_option("run", options->runs, "The folders of runs, or of sweeps for all of theirs")->required()->type_name("RUN...");
  command->add_option("--data", options->data, "What to measure on (default: the run's data)")->type_name("SPEC");
  command->add_option("--split", options->split, "test or val (default test)")->type_name("NAME");
  in_range(command->add_option("--temperature", options->temperature, "Divide the logits by T instead of applying the run's calibrator"),
           temperature_range())
      ->type_name("T");
  command->add_option("--tta", options->tta, "Views to average: none, flip or flip-shift (default: as in training)")->type_name("NAME");
  in_range(command->add_option("--beam", options->beam, "Of a run that translates: for its BLEU (default 4; 0: measure no translations)"),
           whole(0, 1000))
      ->type_name("N");
  add_threads_option(*command, Ranks::together);
  command->add_flag("--json", options->json, "Print the result as one JSON object on stdout");
  command->footer(
      "The NLL is that of the labels without smoothing, also for a run with label smoothing. Of a run that translates, accuracy, NLL and\n"
      "calibration errors are those of next words, given the right ones before, and BLEU that of its translations at its temperature.\n"
      "Of a run that classifies, also: precision, recall and F1 of every class, the confusion matrix, the images of the highest loss and\n"
      "the most confident mistakes. On the run's own test images these are kept in RUN/classes.json, for the report.");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
