// temper calibrate

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <optional>

#include "apps/report/page.h"
#include "apps/temper/commands/calibrate_apply.h"
#include "apps/temper/commands/calibration_output.h"
#include "apps/temper/commands/commands.h"
#include "apps/temper/commands/hard_twin.h"
#include "apps/temper/commands/probability_file.h"
#include "apps/temper/terminal/classes_text.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/threads_option.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "models/calibration/calibrators/calibrators.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/study/calibration_file.h"
#include "models/calibration/study/prediction_files.h"
#include "models/runs/run_folder.h"
#include "models/tasks/tasks.h"

namespace temper::app {
namespace {

using calibration::CalibratorKind;
using calibration::Predictions;

// The class record of a run at its new calibrator, for the report.
std::optional<runs::ClassRecord> record_classes(const tasks::Task& task, const Predictions& test, const calibration::Fitted& fitted) {
  std::optional<runs::ClassRecord> record = task.class_record(tasks::Split::test, test, *fitted.calibrator);
  if (!record || !agrees(*record, task.run().test)) return std::nullopt;
  record->calibrator = fitted.kind->name;
  record->temperature = calibration::fitted_temperature(fitted).value_or(calibration::kNotMeasured);
  return record;
}

struct CalibrateOptions {
  std::vector<std::string> runs, tables;
  std::string method = "temperature", out, save_probabilities, calibrator;
  calibration::PredictionFiles files;
  double coverage = 0.9;
  Index folds = 5;
  std::optional<Index> bins;  // of the kinds that have some
  std::optional<double> odir;
  std::uint64_t seed = 1;
  bool json = false, fits = false;  // fits: an option was given that only a fit reads
};

// "matrix, dirichlet": the names of the kinds that `with` holds of.
template <class With> std::string list_kinds(With with) {
  std::string names;
  for (const CalibratorKind* kind : calibration::calibrator_kinds())
    if (with(*kind)) names += (names.empty() ? "" : ", ") + std::string(kind->name);
  return names;
}

bool reads_bins(const CalibratorKind& kind) { return kind.reads_bins; }
bool reads_odir(const CalibratorKind& kind) { return kind.reads_odir; }

// An option that would change nothing is a mistake.
void refuse_useless(const CalibrateOptions& options, const std::vector<const CalibratorKind*>& kinds) {
  const auto check = [&](bool given, const char* option, bool (*reads)(const CalibratorKind&)) {
    const bool read = std::ranges::any_of(kinds, [&](const CalibratorKind* kind) { return reads(*kind); });
    TEMPER_CHECK(!given || read, option, ": it is for --method ", list_kinds(reads), ", not for ", options.method, "; leave it out");
  };
  check(options.bins.has_value(), "--bins", reads_bins);
  check(options.odir.has_value(), "--odir", reads_odir);
}

calibration::CalibrationSettings make_settings(const CalibrateOptions& options) {
  const std::span<const calibration::CalibratorKind* const> all = calibration::calibrator_kinds();
  calibration::CalibrationSettings settings{.kinds = {}, .coverage = options.coverage};
  if (options.method == "all")
    settings.kinds.assign(all.begin(), all.end());
  else
    with_option_context("--method", [&] { settings.kinds = {&calibration::calibrator_kind(options.method)}; });
  settings.evaluation.folds = options.folds;
  settings.evaluation.seed = options.seed;
  if (options.bins) settings.evaluation.fit.bins = *options.bins;
  if (options.odir) settings.evaluation.fit.odir = *options.odir;
  refuse_useless(options, settings.kinds);
  settings.evaluation.progress = [](std::string_view doing) { show_stage(doing); };
  return settings;
}

// The result of a run or a file is stored, then printed; JSON is printed after the last one.
void finish(const Calibrated& calibrated, const std::string& folder, const CalibrateOptions& options) {
  clear_stage();
  const calibration::CalibrationRecord& record = calibrated.study.record;
  // calibrator.json last: where it is, nothing is left to do.
  if (calibrated.classes) keep_classes(folder, *calibrated.classes);
  if (!folder.empty()) calibration::save_calibration(folder, record);
  const std::string whose = options.runs.size() > 1 ? calibrated.name + ": " : "";
  for (const std::string& sentence : record.advice) warn(whose + sentence);
  if (!options.json) print("{}{}", Lines{format_calibration(calibrated)}, Lines{options.runs.size() > 1 ? "\n" : ""});
}

void show_json(const std::vector<Calibrated>& all) {
  if (all.size() == 1) return print_json(to_json(all.front().study));
  Json runs = Json::array();
  for (const Calibrated& calibrated : all) {
    runs.push_back(to_json(calibrated.study));
    runs.back()["run"] = calibrated.name;
  }
  print_json(Json{{"runs", runs}});
}

void write_page(const CalibrateOptions& options, const calibration::CalibrationRecord& record) {
  const std::string name = std::filesystem::path(options.files.logits).filename().string();
  write_file((std::filesystem::path(options.out) / "report.html").string(), report::page_of_logits(name, record));
}

// Nothing on ranks that only help the first to predict.
std::optional<Calibrated> calibrate_run(const std::string& run, const CalibrateOptions& options) {
  calibration::CalibrationSettings settings = make_settings(options);
  if (options.runs.size() > 1) settings.evaluation.progress = [&run](std::string_view doing) { show_stage(str_cat(run, ": ", doing)); };
  const std::unique_ptr<tasks::Task> task = tasks::open_run(run, {.with_calibrator = false});
  task->reporter = terminal_reporter();
  task->load_run_data({});
  const Predictions val = task->predict(tasks::Split::val, ranks()), test = task->predict(tasks::Split::test, ranks());
  if (!is_first_rank()) return std::nullopt;
  Calibrated calibrated{.name = run, .unit = task->unit(), .study = calibration::calibrate_and_test(val, test, settings)};
  calibration::CalibrationRecord& record = calibrated.study.record;
  record.weights = task->run().weights_fingerprint;
  calibrated.classes = record_classes(*task, test, record.evaluation.fitted);
  if (calibrated.classes) {
    const std::vector<std::string> on_smoothing = advise_by_hard_twin(run, record, *calibrated.classes);
    record.advice.insert(record.advice.end(), on_smoothing.begin(), on_smoothing.end());
  }
  if (!options.save_probabilities.empty()) write_probabilities(options.save_probabilities, test, *record.evaluation.fitted.calibrator);
  return calibrated;
}

std::vector<Calibrated> calibrate_runs(const CalibrateOptions& options) {
  TEMPER_CHECK(options.files.labels.empty() && !options.files.probabilities && options.out.empty(),
               "--labels: they belong to --logits; a run has its own, and its folder takes the result");
  TEMPER_CHECK(options.save_probabilities.empty() || options.runs.size() == 1, "--save-probabilities: one file cannot hold those of ",
               options.runs.size(), " runs; calibrate one run at a time");
  make_settings(options);  // refuses before the first run is read
  for (const std::string& run : options.runs) runs::check_finished(run);
  std::vector<Calibrated> all;
  ranks().timeout = std::numeric_limits<double>::infinity();  // the others wait while the first one fits
  for (const std::string& run : options.runs) {
    std::optional<Calibrated> calibrated = calibrate_run(run, options);
    if (!calibrated) continue;
    all.push_back(std::move(*calibrated));
    finish(all.back(), run, options);
  }
  return all;
}

std::vector<Calibrated> calibrate_logits(const CalibrateOptions& options) {
  TEMPER_CHECK(!options.files.labels.empty(), "--labels: missing; give the file of the true classes of --logits");
  const calibration::CalibrationSettings settings = make_settings(options);
  show_stage("reading " + options.files.logits);
  const Predictions data = calibration::read_predictions(options.files);
  TEMPER_CHECK(data.size() >= 2, options.files.logits, ": one row cannot be fitted on and measured; give at least two");
  if (!options.out.empty()) make_folder(options.out);
  std::vector<Calibrated> all;
  all.push_back({.name = options.files.logits, .study = calibration::cross_calibrate(data, settings)});
  if (!options.save_probabilities.empty()) {
    show_stage("writing " + options.save_probabilities);
    write_probabilities(options.save_probabilities, data, *all.front().study.record.evaluation.fitted.calibrator);
  }
  finish(all.front(), options.out, options);
  if (!options.out.empty()) write_page(options, all.front().study.record);
  if (options.out.empty()) note("nothing was written; --out FOLDER keeps the calibrator\n");
  return all;
}

void apply(const CalibrateOptions& options) {
  TEMPER_CHECK(options.runs.empty() && options.out.empty() && options.tables.empty() && !options.fits,
               "--apply: it fits nothing and takes only --logits, --labels, --probabilities and --save-probabilities; leave out the "
               "others");
  apply_calibrator({options.calibrator, options.files, options.save_probabilities, options.json});
}

// No file is written over one that is read.
void check_outputs(const CalibrateOptions& options) {
  std::vector<std::string> inputs{options.files.logits, options.files.labels};
  for (const std::string& run : options.runs) {
    const std::vector<std::string> files = runs::run_files(run);
    inputs.insert(inputs.end(), files.begin(), files.end());
  }
  check_not_read("--save-probabilities", options.save_probabilities, inputs);
  for (const std::string& table : options.tables) check_not_read("--table", table, inputs);
}

void run(CalibrateOptions options) {
  options.runs = runs_of_sweeps(options.runs);
  TEMPER_CHECK(options.save_probabilities.empty() || is_probability_file(options.save_probabilities),
               "--save-probabilities: ", options.save_probabilities, " ends in neither .npy nor .csv; give one of them");
  for (const std::string& table : options.tables)
    TEMPER_CHECK(is_table_file(table), "--table: ", table, " ends in neither .csv nor .md; give one of them");
  check_outputs(options);
  if (!options.calibrator.empty()) return is_first_rank() ? apply(options) : void();
  TEMPER_CHECK(options.runs.empty() != options.files.logits.empty(),
               "--logits: ", options.runs.empty() ? "nothing to calibrate" : "a run has its own logits",
               "; give the folder of a run, or the files --logits and --labels of any framework");
  if (options.runs.empty() && !is_first_rank()) return;
  const std::vector<Calibrated> all = options.runs.empty() ? calibrate_logits(options) : calibrate_runs(options);
  if (!is_first_rank()) return;
  for (const std::string& table : options.tables) write_table(table, all);
  if (options.json) show_json(all);
}

std::string describe_kinds() {
  std::string text = "Methods, of logits z and p = softmax(z):\n";
  for (const CalibratorKind* kind : calibration::calibrator_kinds()) text += fmt::format("  {:<12} {}\n", kind->name, kind->description);
  return text + '\n';
}

}  // namespace

void add_calibrate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("calibrate", "Calibrate the probabilities of a run, or the logits of any framework");
  auto options = std::make_shared<CalibrateOptions>();
  command
      ->add_option("run", options->runs,
                   "The folders of runs, or of sweeps for all of theirs: each fitted on its validation split, measured on its test split")
      ->type_name("RUN...");
  command->add_option("--logits", options->files.logits, "Instead of a run: (N,K) logits in .npy, .npz, .csv, .tsv or .safetensors")
      ->type_name("FILE");
  command->add_option("--labels", options->files.labels, "Their (N) true classes, counted from 0, in a file of the same kinds")
      ->type_name("FILE");
  command->add_flag("--probabilities", options->files.probabilities, "What --logits names are probabilities");
  std::vector<CLI::Option*> of_fits;
  of_fits.push_back(command
                        ->add_option("--method", options->method, list_kinds([](const CalibratorKind&) {
                                                                    return true;
                                                                  }) + ", or all: keep the best (default temperature)")
                        ->type_name("NAME"));
  command->add_option("--out", options->out, "With --logits: the folder for calibrator.json and report.html")->type_name("FOLDER");
  command
      ->add_option("--save-probabilities", options->save_probabilities,
                   "Write the calibrated probabilities (of the test images, or of the rows) to FILE.npy or FILE.csv")
      ->type_name("FILE");
  of_fits.push_back(
      in_range(command->add_option("--coverage", options->coverage, "How often a conformal set should hold the true class (default 0.9)"),
               number(0.001, 0.999))
          ->type_name("P"));
  of_fits.push_back(in_range(command->add_option("--folds", options->folds, "Folds of the cross-validation (default 5)"), whole(2, 1000))
                        ->type_name("N"));
  const std::string with_bins = list_kinds(reads_bins), with_odir = list_kinds(reads_odir);
  of_fits.push_back(
      in_range(command->add_option("--bins", options->bins, "Bins of " + with_bins + " (default 15)"), whole(1, 1000))->type_name("N"));
  of_fits.push_back(
      in_range(command->add_option("--odir", options->odir, "Penalty of " + with_odir + " (default: chosen on held-out rows)"),
               number(0, 1e9))
          ->type_name("W"));
  of_fits.push_back(command->add_option("--seed", options->seed, "Of the folds (default 1)")->type_name("S"));
  command
      ->add_option("--table", options->tables,
                   "Also write all methods and metrics, with intervals, as a table to FILE.csv or FILE.md; may be given twice")
      ->type_name("FILE");
  command
      ->add_option("--apply", options->calibrator,
                   "Fit nothing: apply this calibrator.json (or the one of this folder) to --logits; with --labels, measure the result")
      ->type_name("FILE");
  add_threads_option(*command, Ranks::together);
  command->add_flag("--json", options->json, "Print the result as one JSON object on stdout");
  command->footer(
      describe_kinds() +
      "The result is stored in RUN/calibrator.json; `temper eval RUN` applies it. A calibrator that makes the NLL worse on data it was\n"
      "not fitted on is rejected. \"after\" is never measured on rows that the calibrator was fitted on.\n"
      "  temper calibrate runs/smooth\n"
      "  temper calibrate --logits logits.npy --labels labels.npy --method all --out calibrated\n"
      "  temper calibrate --apply calibrated --logits new.npy --save-probabilities p.npy\n"
      "  temper calibrate runs/* --method all --table calibrators.csv --table calibrators.md");
  command->callback([options, of_fits] {
    options->fits = std::ranges::any_of(of_fits, [](const CLI::Option* option) { return option->count() > 0; });
    run(*options);
  });
}

}  // namespace temper::app
