// temper calibrate

#include <fmt/format.h>

#include <filesystem>

#include "apps/report/page.h"
#include "apps/temper/calibration.h"
#include "apps/temper/calibration_advice.h"
#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "apps/temper/data_loading.h"
#include "apps/temper/probability_file.h"
#include "core/check.h"
#include "core/file.h"
#include "models/calibration/prediction_files.h"
#include "models/training/json.h"
#include "models/training/run.h"

namespace temper::app {
namespace {

using calibration::Method;
using calibration::Predictions;

struct Options {
  std::string run, method = "temperature", out, save_probabilities;
  calibration::PredictionFiles files;
  double coverage = 0.9;
  Index folds = 5, bins = calibration::kBins;
  double odir = -1;
  std::uint64_t seed = 1;
  bool json = false;
};

CalibrationSettings settings_of(const Options& options) {
  TEMPER_CHECK(options.coverage > 0 && options.coverage < 1, "--coverage: ", options.coverage, " is not between 0 and 1; 0.9 is usual");
  TEMPER_CHECK(options.folds >= 2 && options.folds <= 1000, "--folds: ", options.folds, " is not in 2..1000; 5 is usual");
  TEMPER_CHECK(options.bins >= 1 && options.bins <= 1000, "--bins: ", options.bins, " is not in 1..1000; 15 is usual");
  CalibrationSettings settings{.methods = {}, .coverage = options.coverage};
  if (options.method == "all")
    settings.methods.assign(std::begin(calibration::kMethods), std::end(calibration::kMethods));
  else
    settings.methods = {calibration::method_of(options.method)};
  settings.trial.folds = options.folds;
  settings.trial.seed = options.seed;
  settings.trial.fit.bins = options.bins;
  settings.trial.fit.odir = options.odir;
  settings.trial.progress = [](std::string_view doing) { show_stage(doing); };
  return settings;
}

std::string number(double value) { return std::isfinite(value) ? fmt::format("{:.4f}", value) : std::isnan(value) ? "-" : "inf"; }

std::string with_interval(const calibration::Assessment& assessment) {
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]", assessment.metrics.ece, assessment.ece_interval.lower, assessment.ece_interval.upper);
}

void print_before_and_after(const calibration::Trial& trial) {
  Table table({"", "before", "after"});
  const calibration::Metrics &before = trial.before.metrics, &after = trial.after.metrics;
  const auto row = [&](const char* name, double calibration::Metrics::*value) {
    table.row({name, number(before.*value), number(after.*value)});
  };
  row("  accuracy", &calibration::Metrics::accuracy);
  row("  NLL", &calibration::Metrics::nll);
  table.row({"  ECE [95 % interval]", with_interval(trial.before), with_interval(trial.after)});
  row("  debiased ECE (rms)", &calibration::Metrics::debiased_ece);
  row("  smooth ECE", &calibration::Metrics::smooth_ece);
  row("  adaptive ECE", &calibration::Metrics::ace);
  row("  class-wise ECE", &calibration::Metrics::classwise_ece);
  row("  MCE", &calibration::Metrics::mce);
  row("  Brier", &calibration::Metrics::brier);
  row("    reliability", &calibration::Metrics::brier_reliability);
  row("    resolution", &calibration::Metrics::brier_resolution);
  row("    uncertainty", &calibration::Metrics::brier_uncertainty);
  row("  AURC", &calibration::Metrics::aurc);
  row("  AUROC", &calibration::Metrics::auroc);
  fmt::print("{}", table.text());
}

void print_methods(const CalibrationOutcome& outcome) {
  Table table({"method", "status", "accuracy", "NLL", "Brier", "ECE [95 % interval]", "smooth ECE", "class-wise", "AURC"});
  const auto row = [&](std::string_view name, std::string_view status, const calibration::Assessment& a) {
    const calibration::Metrics& m = a.metrics;
    table.row({std::string(name), std::string(status), percent(m.accuracy), number(m.nll), number(m.brier), with_interval(a),
               number(m.smooth_ece), number(m.classwise_ece), number(m.aurc)});
  };
  row("none", "", outcome.trials.front().before);
  for (const calibration::Trial& trial : outcome.trials)
    row(calibration::to_string(trial.fitted.method), calibration::to_string(trial.fitted.status), trial.after);
  fmt::print("{}kept: {}, the least NLL out of fold\n\n", table.text(), calibration::to_string(outcome.record.trial.fitted.method));
}

void print_selection(const training::CalibrationRecord& record) {
  std::string line;
  for (const training::SelectiveResult& result : record.selective) {
    const std::string p = result.selector.score == calibration::Score::p_norm ? fmt::format(" (p = {:g})", result.selector.p) : "";
    line += fmt::format("{}{}{} {:.4f}", line.empty() ? "" : ", ", calibration::to_string(result.selector.score), p, result.aurc);
  }
  fmt::print("AURC of the scores to abstain by: {}\n", line);
  line.clear();
  for (const training::ConformalResult& result : record.conformal) {
    line += fmt::format("{}{} {} with {:.2f} classes", line.empty() ? "" : ", ", calibration::to_string(result.kind),
                        percent(result.on_new_data.coverage), result.on_new_data.mean_size);
  }
  fmt::print("conformal sets that should hold {}: {}\n", percent(record.wanted_coverage), line);
}

void print_outcome(const std::string& name, const CalibrationOutcome& outcome) {
  const training::CalibrationRecord& record = outcome.record;
  if (outcome.trials.size() > 1) print_methods(outcome);
  const calibration::Fitted& fitted = record.trial.fitted;
  const calibration::Parameters parameters = fitted.calibrator->parameters();
  std::string what(calibration::to_string(fitted.method));
  if (fitted.method == Method::temperature) {
    what = fmt::format("T = {:.4f}", parameters.contains("temperature") ? parameters.at("temperature").at(0) : 1.0);
  }
  fmt::print("{}: {} ({}), fitted on {} {}; measured on {} {}\n", name, what, calibration::to_string(fitted.status),
             grouped(record.samples), record.fitted_on == "val" ? "validation images" : "rows", grouped(record.trial.after.metrics.samples),
             record.measured_on == "test" ? "test images" : "rows, each calibrated by a fit without it");
  print_before_and_after(record.trial);
  print_selection(record);
}

void finish(const std::string& name, const std::string& folder, CalibrationOutcome& outcome, const Options& options) {
  clear_stage();
  if (!folder.empty()) training::save_calibration(folder, outcome.record);
  for (const std::string& sentence : outcome.record.advice) warn(sentence);
  if (!options.json) return print_outcome(name, outcome);
  Json json = training::to_json(outcome.record);
  for (const char* bulky : {"parameters", "reliability", "risk_coverage", "nll_by_temperature"}) json.erase(bulky);
  if (outcome.trials.size() > 1) {
    for (const calibration::Trial& trial : outcome.trials) {
      Json after = training::to_json(trial.after.metrics);
      after["ece_interval"] = {trial.after.ece_interval.lower, trial.after.ece_interval.upper};
      json["methods"][std::string(calibration::to_string(trial.fitted.method))] = {
          {"status", calibration::to_string(trial.fitted.status)}, {"changed_predictions", trial.changed}, {"after", after}};
    }
  }
  fmt::print("{}\n", json.dump());
}

void write_page(const Options& options) {
  const std::filesystem::path folder = options.out;
  const std::string name = std::filesystem::path(options.files.logits).filename().string();
  write_file((folder / "report.html").string(), report::page_of_logits(name, report::read_calibration(folder / "calibrator.json")));
}

void of_run(const Options& options) {
  TEMPER_CHECK(options.files.labels.empty() && !options.files.probabilities && options.out.empty(),
               "--labels: they belong to --logits; a run has its own, and its folder takes the result");
  const CalibrationSettings settings = settings_of(options);
  const training::LoadedRun loaded = training::load_run(options.run);
  const data::Splits splits = load_data(loaded.data, options_of(loaded));
  const Predictions val = models::predict(loaded.model, splits.val), test = models::predict(loaded.model, splits.test);
  CalibrationOutcome outcome = calibrate_run(val, test, settings);
  const auto on_smoothing = advice_on_smoothing(options.run, outcome.record);
  outcome.record.advice.insert(outcome.record.advice.end(), on_smoothing.begin(), on_smoothing.end());
  if (!options.save_probabilities.empty()) write_probabilities(options.save_probabilities, test, *outcome.record.trial.fitted.calibrator);
  finish(options.run, options.run, outcome, options);
}

void of_logits(const Options& options) {
  TEMPER_CHECK(!options.files.labels.empty(), "--labels: missing; give the file of the true classes of --logits");
  const CalibrationSettings settings = settings_of(options);
  show_stage("reading " + options.files.logits);
  const Predictions data = calibration::read_predictions(options.files);
  TEMPER_CHECK(data.size() >= 2, options.files.logits, ": one row cannot be fitted on and measured; give at least two");
  CalibrationOutcome outcome = calibrate_rows(data, settings);
  if (!options.out.empty()) std::filesystem::create_directories(options.out);
  if (!options.save_probabilities.empty()) write_probabilities(options.save_probabilities, data, *outcome.record.trial.fitted.calibrator);
  finish(options.files.logits, options.out, outcome, options);
  if (!options.out.empty()) write_page(options);
  if (options.out.empty()) fmt::print(stderr, "nothing was written; --out FOLDER keeps the calibrator\n");
}

void run(const Options& options) {
  TEMPER_CHECK(options.run.empty() != options.files.logits.empty(),
               "--logits: ", options.run.empty() ? "nothing to calibrate" : "a run has its own logits",
               "; give the folder of a run, or the files --logits and --labels of any framework");
  TEMPER_CHECK(options.save_probabilities.empty() || is_probability_file(options.save_probabilities),
               "--save-probabilities: ", options.save_probabilities, " ends in neither .npy nor .csv; give one of them");
  options.run.empty() ? of_logits(options) : of_run(options);
}

}  // namespace

void add_calibrate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("calibrate", "Make a run's probabilities, or any framework's logits, mean what they say");
  auto options = std::make_shared<Options>();
  command->add_option("run", options->run, "The folder of a run: fitted on its validation split, measured on its test split")
      ->type_name("RUN");
  command->add_option("--logits", options->files.logits, "Instead of a run: (N,K) logits in .npy, .npz, .csv, .tsv or .safetensors")
      ->type_name("FILE");
  command->add_option("--labels", options->files.labels, "Their (N) true classes, counted from 0, in a file of the same kinds")
      ->type_name("FILE");
  command->add_flag("--probabilities", options->files.probabilities, "What --logits names are probabilities");
  command
      ->add_option("--method", options->method,
                   "temperature (default), ensemble, vector, matrix, dirichlet, histogram, isotonic, or all: keep the best")
      ->type_name("NAME");
  command->add_option("--out", options->out, "With --logits: the folder for calibrator.json and report.html")->type_name("FOLDER");
  command
      ->add_option("--save-probabilities", options->save_probabilities,
                   "Write the calibrated probabilities (of the test images, or of the rows) to FILE.npy or FILE.csv")
      ->type_name("FILE");
  command->add_option("--coverage", options->coverage, "How often a conformal set should hold the true class (default 0.9)")
      ->type_name("P");
  command->add_option("--folds", options->folds, "Folds of the cross-validation (default 5)")->type_name("N");
  command->add_option("--bins", options->bins, "Bins of the histogram method (default 15)")->type_name("N");
  command->add_option("--odir", options->odir, "Penalty of matrix and dirichlet (default: chosen on held-out rows)")->type_name("W");
  command->add_option("--seed", options->seed, "Of the folds (default 1)")->type_name("S");
  command->add_flag("--json", options->json, "Print the result as one JSON object on stdout");
  command->footer(
      "The result lies in RUN/calibrator.json; `temper eval RUN` applies it. A calibrator that makes the NLL worse on data it was\n"
      "not fitted on is turned down. \"after\" is never measured on rows that the calibrator was fitted on.\n"
      "  temper calibrate runs/smooth\n"
      "  temper calibrate --logits logits.npy --labels labels.npy --method all --out calibrated");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
