#include "models/training/calibration_record.h"

#include <filesystem>

#include "core/check.h"
#include "core/file.h"
#include "core/json.h"
#include "core/machine.h"
#include "models/calibration/calibrators/calibrators.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/metrics/json.h"
#include "models/training/json.h"

namespace temper::training {
namespace {

using calibration::Status;

template <class List, class Convert> Json list_of(const List& list, Convert convert) {
  Json json = Json::array();
  for (const auto& element : list) json.push_back(convert(element));
  return json;
}

Json of_assessment(const calibration::Assessment& assessment) {
  Json json = to_json(assessment.metrics);
  json["ece_interval"] = {assessment.ece_interval.lower, assessment.ece_interval.upper};
  return json;
}

Json curve(const std::vector<calibration::CoveragePoint>& points) {
  return list_of(points, [](const auto& point) -> Json { return {{"coverage", point.coverage}, {"risk", point.risk}}; });
}

Json fitted_to_json(const calibration::CalibrationRecord& record) {
  const calibration::Trial& trial = record.trial;
  Json json{{"temper", kVersion}, {"method", trial.fitted.kind->name}};
  const std::optional<double> temperature = calibration::fitted_temperature(trial.fitted);
  json["temperature"] = temperature ? Json(*temperature) : Json();  // the key of the command line's contract; other kinds have none
  json["status"] = calibration::to_string(trial.fitted.status);
  json["classes"] = record.classes;
  json["parameters"] = trial.fitted.calibrator->parameters();
  json["fitted_on"] = record.fitted_on;
  json["samples"] = record.samples;
  json["data_hash"] = record.data_hash;
  return json;
}

StoredCalibrator parse(const std::string& path, Index classes) {
  const Json json = parse_json(read_file(path));
  StoredCalibrator stored{.kind = &calibration::calibrator_kind(json.at("method").get<std::string>()),
                          .status = calibration::status_of(json.at("status").get<std::string>()),
                          .calibrator = {},
                          .temperature = {},
                          .data_hash = json.value("data_hash", std::string())};
  const Index fitted_classes = json.value("classes", classes);
  TEMPER_CHECK(fitted_classes == classes, "it was fitted on ", fitted_classes, " classes, and there are ", classes);
  calibration::Parameters parameters;
  if (json.contains("parameters")) parameters = json.at("parameters").get<calibration::Parameters>();
  if (stored.kind == &calibration::kTemperature) {
    stored.temperature = json.at("temperature").get<double>();
    parameters = {{"temperature", {*stored.temperature}}};
  }
  const bool identity = stored.status == Status::kept_identity && parameters.empty();
  stored.calibrator = identity ? calibration::identity_calibrator() : calibration::make_calibrator(*stored.kind, classes, parameters);
  return stored;
}

}  // namespace

Json to_json(const calibration::CalibrationRecord& record) {
  const calibration::Trial& trial = record.trial;
  Json json = fitted_to_json(record);
  json["measured_on"] = record.measured_on;
  json["before"] = of_assessment(trial.before);
  json["after"] = of_assessment(trial.after);
  json["changed_predictions"] = trial.changed;
  json["judged_by"] = {{"before", trial.score_before}, {"out_of_fold", trial.score_after}};
  if (trial.rejected) json["rejected"] = of_assessment(*trial.rejected);
  json["advice"] = record.advice;
  json["selective"] = list_of(record.selective, [](const calibration::SelectiveResult& result) -> Json {
    Json entry{{"score", calibration::to_string(result.selector.score)}, {"aurc", result.aurc}};
    if (result.selector.score == calibration::Score::p_norm) entry["p"] = result.selector.p;
    return entry;
  });
  json["conformal"] = {{"wanted_coverage", record.wanted_coverage},
                       {"sets", list_of(record.conformal, [](const calibration::ConformalResult& result) -> Json {
                          return {{"kind", calibration::to_string(result.kind)},
                                  {"threshold", result.threshold},
                                  {"coverage", result.on_new_data.coverage},
                                  {"mean_size", result.on_new_data.mean_size},
                                  {"empty", result.on_new_data.empty}};
                        })}};
  json["reliability"] = {{"before", to_json(trial.before.reliability)}, {"after", to_json(trial.after.reliability)}};
  json["risk_coverage"] = {{"before", curve(trial.before.risk_coverage)}, {"after", curve(trial.after.risk_coverage)}};
  json["nll_by_temperature"] = {{"temperature", record.temperatures}, {"nll", record.nll_at_temperature}};
  return json;
}

void save_calibration(const std::string& folder, const calibration::CalibrationRecord& record) {
  write_file((std::filesystem::path(folder) / "calibrator.json").string(), to_json(record).dump(2) + "\n");
}

StoredCalibrator load_calibrator(const std::string& path, Index classes) {
  try {
    return parse(path, classes);
  } catch (const std::exception& error) {
    throw Error(about(path, plain_words(error), "; run `temper calibrate` again"));
  }
}

}  // namespace temper::training
