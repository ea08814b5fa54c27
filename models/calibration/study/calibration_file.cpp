#include "models/calibration/study/calibration_file.h"

#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

#include "core/engine/machine.h"
#include "models/calibration/calibrators/calibrators.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/metrics/json.h"
#include "models/calibration/study/json.h"

namespace temper::calibration {
namespace {

constexpr std::pair<const char*, Interval PairedDifference::*> kChanges[]{{"accuracy", &PairedDifference::accuracy},
                                                                          {"nll", &PairedDifference::nll},
                                                                          {"ece", &PairedDifference::ece},
                                                                          {"aurc", &PairedDifference::aurc},
                                                                          {"excess_aurc", &PairedDifference::excess_aurc}};

template <class List, class Convert> Json list_of(const List& list, Convert convert) {
  Json json = Json::array();
  for (const auto& element : list) json.push_back(convert(element));
  return json;
}

Json curve(const std::vector<CoveragePoint>& points) {
  return list_of(points, [](const CoveragePoint& point) -> Json { return {{"coverage", point.coverage}, {"risk", point.risk}}; });
}

Json fitted_to_json(const CalibrationRecord& record) {
  const Fitted& fitted = record.evaluation.fitted;
  Json json{{"temper", kVersion}, {"method", fitted.kind->name}};
  const std::optional<double> temperature = fitted_temperature(fitted);
  json["temperature"] = temperature ? Json(*temperature) : Json();  // the key of the command line's contract; other kinds have none
  json["status"] = name(fitted.status);
  json["classes"] = record.classes;
  json["parameters"] = fitted.calibrator->parameters();
  json["fitted_on"] = record.fitted_on;
  json["samples"] = record.samples;
  json["data_hash"] = record.data_hash;
  if (!record.weights.empty()) json["weights"] = record.weights;
  return json;
}

const CalibratorKind& kind_of(const JsonNode& node) {
  const std::string name = node.text("method");
  for (const CalibratorKind* kind : calibrator_kinds())
    if (kind->name == name) return *kind;
  throw Error(str_cat(node.path("method"), " is ", name, ", which this version does not know"));
}

Parameters parameters_of(const JsonNode& node) {
  Parameters parameters;
  if (!node.has("parameters")) return parameters;
  const JsonNode list = node.object("parameters");
  for (const auto& [name, values] : list.json().items()) parameters[name] = list.numbers(name);
  return parameters;
}

// The number of classes counts for all kinds but temperature, which had no word of it at first.
Fitted fitted_of(const JsonNode& node, Index classes) {
  Fitted fitted{.kind = &kind_of(node)};
  if (node.has("status")) fitted.status = node.parse("status", parse_status);
  Parameters parameters = parameters_of(node);
  if (fitted.kind == &kTemperature && !node.has("parameters")) {
    TEMPER_CHECK(node.has("temperature"), node.path("temperature"), " is missing");
    parameters["temperature"] = {node.number_or("temperature")};
  }
  const double temperature = node.number_or("temperature");
  TEMPER_CHECK(!(temperature <= 0), node.path("temperature"), " is ", temperature, ", not above 0");
  if (const auto found = parameters.find("temperature");
      fitted.kind == &kTemperature && found != parameters.end() && node.has("temperature"))
    TEMPER_CHECK(found->second == std::vector{temperature}, node.path("temperature"), " is ", temperature, ", ",
                 node.object("parameters").path("temperature"), " is not");
  if (!is_applied(fitted.status) && parameters.empty()) {
    fitted.calibrator = identity_calibrator();
  } else {
    TEMPER_CHECK(classes > 0 || fitted.kind == &kTemperature, node.path("classes"), " is missing");
    fitted.calibrator = make_calibrator(*fitted.kind, std::max<Index>(classes, 1), parameters);
  }
  return fitted;
}

Json to_json(const PairedDifference& change) {
  Json json;
  for (const auto& [key, value] : kChanges) json[key] = {(change.*value).lower, (change.*value).upper};
  return json;
}

PairedDifference read_change(const JsonNode& node) {
  PairedDifference change;
  for (const auto& [key, value] : kChanges) std::tie((change.*value).lower, (change.*value).upper) = node.interval(key);
  return change;
}

Assessment assessment_of(const JsonNode& root, const char* when) {
  Assessment assessment;
  if (root.has(when)) {
    const JsonNode measured = root.object(when);
    assessment.metrics = read_metrics(measured);
    std::tie(assessment.ece_interval.lower, assessment.ece_interval.upper) = measured.interval("ece_interval");
    assessment.ece_interval = with_estimate(assessment.ece_interval, assessment.metrics.ece);
  }
  assessment.reliability = read_reliability(root, when);
  if (root.has("risk_coverage") && root.object("risk_coverage").has(when)) {
    for (const JsonNode& point : root.object("risk_coverage").objects(when))
      assessment.risk_coverage.push_back({.coverage = point.fraction_or("coverage"), .risk = point.fraction_or("risk")});
  }
  return assessment;
}

// Scores and kinds of sets that this version does not know are skipped.
template <class Known> auto find_by_name(const Known& known, const std::string& name) {
  return std::ranges::find_if(known, [&](const auto& candidate) { return calibration::name(candidate) == name; });
}

void read_selective(const JsonNode& root, CalibrationRecord& record) {
  if (root.has("selective_rows")) {
    record.selective_rows = root.object("selective_rows").text_or("which", "");
    record.selective_samples = root.object("selective_rows").count_or("samples");
  }
  if (!root.has("selective")) return;
  for (const JsonNode& node : root.objects("selective")) {
    const auto score = find_by_name(kScores, node.text("score"));
    if (score == std::end(kScores)) continue;
    const auto [lower, upper] = node.interval("difference_interval");
    record.selective.push_back(
        {.selector = {.score = *score, .p = node.number_or("p", 0)}, .aurc = node.fraction_or("aurc"), .difference = {lower, upper}});
  }
}

void read_conformal(const JsonNode& root, CalibrationRecord& record) {
  if (!root.has("conformal")) return;
  const JsonNode conformal = root.object("conformal");
  record.wanted_coverage = conformal.fraction_or("wanted_coverage", 0);
  if (!conformal.has("sets")) return;
  for (const JsonNode& node : conformal.objects("sets")) {
    const auto kind = find_by_name(kSetKinds, node.text("kind"));
    if (kind == std::end(kSetKinds)) continue;
    record.conformal.push_back(
        {.kind = *kind,
         .threshold = node.number_or("threshold"),
         .on_new_data = {
             .coverage = node.fraction_or("coverage"), .mean_size = node.number_or("mean_size"), .empty = node.count_or("empty")}});
  }
}

Evaluation trial_of(const JsonNode& root, Index classes) {
  Evaluation evaluation{.fitted = fitted_of(root, classes), .before = assessment_of(root, "before"), .after = assessment_of(root, "after")};
  evaluation.changed = root.count_or("changed_predictions");
  if (root.has("judged_by")) {
    evaluation.score_before = root.object("judged_by").number_or("before");
    evaluation.score_after = root.object("judged_by").number_or("out_of_fold");
  }
  if (root.has("change_interval")) evaluation.change = read_change(root.object("change_interval"));
  if (root.has("rejected")) evaluation.rejected = assessment_of(root, "rejected");
  // The first versions applied what they found at a bound.
  if (at_bound(evaluation.fitted.status) && !evaluation.rejected) {
    evaluation.rejected = std::exchange(evaluation.after, evaluation.before);
    evaluation.fitted.calibrator = identity_calibrator();
    evaluation.changed = 0;
  }
  return evaluation;
}

}  // namespace

Json to_json(const Assessment& assessment) {
  Json json = to_json(assessment.metrics);
  json["ece_interval"] = {assessment.ece_interval.lower, assessment.ece_interval.upper};
  return json;
}

Json to_json(const CalibrationRecord& record) {
  const Evaluation& evaluation = record.evaluation;
  Json json = fitted_to_json(record);
  json["measured_on"] = record.measured_on;
  json["before"] = to_json(evaluation.before);
  json["after"] = to_json(evaluation.after);
  json["changed_predictions"] = evaluation.changed;
  json["change_interval"] = to_json(evaluation.change);  // of after less before, 95 %
  json["judged_by"] = {{"before", evaluation.score_before}, {"out_of_fold", evaluation.score_after}};
  if (evaluation.rejected) json["rejected"] = to_json(*evaluation.rejected);
  json["advice"] = record.advice;
  json["selective"] = list_of(record.selective, [](const SelectiveResult& result) -> Json {
    Json entry{{"score", name(result.selector.score)}, {"aurc", result.aurc}};
    if (is_measured(result.difference))  // from max_probability, 95 %
      entry["difference_interval"] = {result.difference.lower, result.difference.upper};
    if (result.selector.score == Score::p_norm) entry["p"] = result.selector.p;
    return entry;
  });
  json["selective_rows"] = {{"which", record.selective_rows}, {"samples", record.selective_samples}};  // of both of these
  json["conformal"] = {{"wanted_coverage", record.wanted_coverage},
                       {"sets", list_of(record.conformal, [](const ConformalResult& result) -> Json {
                          return {{"kind", name(result.kind)},
                                  {"threshold", result.threshold},
                                  {"coverage", result.on_new_data.coverage},
                                  {"mean_size", result.on_new_data.mean_size},
                                  {"empty", result.on_new_data.empty}};
                        })}};
  json["reliability"] = {{"before", to_json(evaluation.before.reliability)}, {"after", to_json(evaluation.after.reliability)}};
  json["risk_coverage"] = {{"before", curve(evaluation.before.risk_coverage)}, {"after", curve(evaluation.after.risk_coverage)}};
  json["nll_by_temperature"] = {{"temperature", record.temperatures}, {"nll", record.nll_at_temperature}};
  return json;
}

CalibrationRecord read_calibration(const JsonNode& root, Index classes) {
  CalibrationRecord record{.fitted_on = root.text_or("fitted_on", ""),
                           .measured_on = root.text_or("measured_on", "test"),
                           .classes = root.count_or("classes"),
                           .samples = root.count_or("samples"),
                           .data_hash = root.text_or("data_hash", ""),
                           .weights = root.text_or("weights", "")};
  TEMPER_CHECK(record.classes == 0 || classes == 0 || record.classes == classes, "it was fitted on ", record.classes,
               " classes, and there are ", classes);
  if (record.classes == 0) record.classes = classes;
  record.evaluation = trial_of(root, record.classes);
  if (root.has("nll_by_temperature")) {
    record.temperatures = root.object("nll_by_temperature").numbers("temperature");
    record.nll_at_temperature = root.object("nll_by_temperature").numbers("nll");
    TEMPER_CHECK(record.temperatures.size() == record.nll_at_temperature.size(), "nll_by_temperature has ", record.temperatures.size(),
                 " temperatures and ", record.nll_at_temperature.size(), " NLLs");
  }
  read_selective(root, record);
  read_conformal(root, record);
  record.advice = root.texts("advice");
  return record;
}

void save_calibration(const std::string& folder, const CalibrationRecord& record) {
  write_file((std::filesystem::path(folder) / "calibrator.json").string(), to_json(record).dump(2) + "\n");
}

CalibrationRecord load_calibration(const std::string& path, Index classes) {
  return read_json_file(path, "run `temper calibrate` again", [&](const JsonNode& node) { return read_calibration(node, classes); });
}

}  // namespace temper::calibration
