#include "apps/temper/commands/calibrate_apply.h"

#include <fmt/format.h>

#include <filesystem>

#include "apps/temper/commands/calibration_output.h"
#include "apps/temper/commands/probability_file.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/output.h"
#include "core/base/check.h"
#include "core/base/number_text.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/study/calibration_file.h"
#include "models/calibration/study/data_hash.h"
#include "models/calibration/study/evaluation.h"
#include "models/calibration/study/json.h"

namespace temper::app {
namespace {

using calibration::Predictions;

struct Measured {
  calibration::Assessment before, after;
  Index changed = 0;
};

Measured measure(const Predictions& data, const calibration::Calibrator& calibrator) {
  show_stage("measuring as it is");
  Measured result{.before = calibration::assess(data, *calibration::identity_calibrator()), .after = {}};
  show_stage("measuring calibrated");
  calibration::MetricsStream after(data.classes);
  after.add(data, calibrator);
  result.after = calibration::assess(after);
  result.changed = after.changed();
  return result;
}

void show(const Application& application, const calibration::CalibrationRecord& record, const Predictions& data, const Measured* measured) {
  const calibration::Fitted& fitted = record.evaluation.fitted;
  const std::optional<double> temperature = calibration::fitted_temperature(fitted);
  if (application.json) {
    Json json{{"calibrator", application.calibrator},
              {"method", fitted.kind->name},
              {"temperature", temperature ? Json(*temperature) : Json()},
              {"status", calibration::name(fitted.status)},
              {"classes", data.classes},
              {"samples", data.size()},
              {"probabilities", application.save_probabilities.empty() ? Json() : Json(application.save_probabilities)}};
    if (measured) {
      json["changed_predictions"] = measured->changed;
      json["before"] = calibration::to_json(measured->before);
      json["after"] = calibration::to_json(measured->after);
    }
    print_json(json);
    return;
  }
  const std::string how = temperature ? fmt::format("T = {:.4f}", *temperature) : std::string(fitted.kind->name);
  print("{}: {} ({}), applied to {} of {} in {}\n", application.calibrator, how, calibration::name(fitted.status),
        counted(data.size(), "row"), counted(data.classes, "class", "classes"), application.files.logits);
  if (measured) {
    print("{}", Lines{before_and_after(measured->before, measured->after)});
    if (measured->changed > 0) print("{} changed\n", counted(measured->changed, "predicted class", "predicted classes"));
  }
  if (!application.save_probabilities.empty()) print("{}: the calibrated probabilities\n", application.save_probabilities);
}

}  // namespace

void apply_calibrator(const Application& application) {
  namespace fs = std::filesystem;
  const bool labels = !application.files.labels.empty();
  TEMPER_CHECK(!application.files.logits.empty(), "--logits: missing; give the file of the logits to apply the calibrator to");
  TEMPER_CHECK(labels || !application.save_probabilities.empty(),
               "--apply: nothing to do with the result; give --save-probabilities FILE, or --labels FILE to measure it");
  std::error_code unreadable;
  const fs::path path = fs::is_directory(application.calibrator, unreadable) ? fs::path(application.calibrator) / "calibrator.json"
                                                                             : fs::path(application.calibrator);
  TEMPER_CHECK(fs::exists(path, unreadable), path.string(),
               ": missing; give the calibrator.json that `temper calibrate` wrote, or its folder");
  show_stage("reading " + application.files.logits);
  const Predictions data = calibration::read_predictions(application.files);
  const calibration::CalibrationRecord record = calibration::load_calibration(path.string(), data.classes);
  const calibration::Calibrator& calibrator = *record.evaluation.fitted.calibrator;
  std::optional<Measured> measured;
  if (labels) measured = measure(data, calibrator);
  show_stage("writing " + application.save_probabilities);
  if (!application.save_probabilities.empty()) write_probabilities(application.save_probabilities, data, calibrator);
  clear_stage();
  if (labels && record.data_hash == calibration::data_hash(data))
    warn("these are the rows that the calibrator was fitted on, so \"after\" flatters it; measure on other rows");
  show(application, record, data, measured ? &*measured : nullptr);
}

}  // namespace temper::app
