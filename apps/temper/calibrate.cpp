// temper calibrate

#include <fmt/format.h>

#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "models/training/json.h"
#include "models/training/run.h"

namespace temper::app {
namespace {

struct Options {
  std::string run, method = "temperature";
  bool json = false;
};

const char* advice(calibration::Temperature::Status status) {
  using Status = calibration::Temperature::Status;
  switch (status) {
    case Status::at_lower_bound:
      return "T is at its lower bound: the model makes no mistake on the validation split, which then cannot tell how sure it may be";
    case Status::at_upper_bound:
      return "T is at its upper bound: on the validation split the model is no better than chance";
    case Status::kept_identity:
      return "T stays 1: no other temperature has a lower NLL";
    case Status::converged:
      break;
  }
  return nullptr;
}

void run(const Options& options) {
  TEMPER_CHECK(options.method == "temperature", "--method: ", options.method, " is not known; give temperature");
  const training::LoadedRun loaded = training::load_run(options.run);
  const data::Splits splits = data::load(loaded.data);
  const calibration::Predictions val = models::predict(loaded.model, splits.val), test = models::predict(loaded.model, splits.test);
  const auto fitted = calibration::Temperature::fit(val);
  const training::CalibrationRecord record{.fitted_on = "val",
                                           .temperature = fitted,
                                           .samples = val.size(),
                                           .before = calibration::metrics(test),
                                           .after = calibration::metrics(test, fitted.value),
                                           .reliability_before = calibration::reliability(test),
                                           .reliability_after = calibration::reliability(test, fitted.value)};
  training::save_calibration(options.run, record);
  if (const char* text = advice(fitted.status)) warn(text);
  if (options.json) {
    const Json json{{"method", "temperature"},
                    {"temperature", fitted.value},
                    {"status", calibration::to_string(fitted.status)},
                    {"before", training::to_json(record.before)},
                    {"after", training::to_json(record.after)}};
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{}: T = {:.4f} ({}), fitted on {} validation images; measured on {} test images\n", options.run, fitted.value,
             calibration::to_string(fitted.status), grouped(val.size()), grouped(test.size()));
  Table table({"", "before", "after"});
  const auto row = [&](const char* name, double before, double after) {
    table.row({name, fmt::format("{:.4f}", before), fmt::format("{:.4f}", after)});
  };
  row("  accuracy", record.before.accuracy, record.after.accuracy);
  row("  NLL", record.before.nll, record.after.nll);
  row("  ECE", record.before.ece, record.after.ece);
  row("  Brier", record.before.brier, record.after.brier);
  fmt::print("{}", table.text());
}

}  // namespace

void add_calibrate(CLI::App& app) {
  CLI::App* command = app.add_subcommand("calibrate", "Fit a run's temperature on its validation split and keep it with the run");
  auto options = std::make_shared<Options>();
  command->add_option("run", options->run, "The folder of a run")->required()->type_name("RUN");
  command->add_option("--method", options->method, "temperature: p = softmax(logits / T), the T of least NLL (default)")->type_name("NAME");
  command->add_flag("--json", options->json, "Print the result as one JSON object on stdout");
  command->footer(
      "One number T > 0 for all images: the prediction stays the same, only how sure it is changes.\n"
      "The result lies in RUN/calibrator.json; `temper eval RUN` applies it.");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
