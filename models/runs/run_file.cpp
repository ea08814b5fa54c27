#include "models/runs/run_file.h"

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "core/base/file.h"
#include "models/calibration/metrics/json.h"
#include "models/calibration/study/calibration_file.h"
#include "models/runs/classes_file.h"
#include "models/runs/json.h"
#include "models/runs/log_file.h"
#include "models/runs/run_folder.h"
#include "models/training/json.h"
#include "models/training/settings.h"

namespace temper::runs {
namespace {

namespace fs = std::filesystem;

using training::Distillation;
using training::short_number;

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string path_of(const std::string& folder, const char* file) { return (fs::path(folder) / file).string(); }

// "runs/hard/" and "." have a last component too.
std::string last_component(const std::string& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

Json settings_json(const Run& run) {
  Json json{{"data", run.data}, {"model", run.recipe.model}};
  json.update(training::to_json(run.recipe));
  for (const training::Setting& setting : training::settings()) {
    const bool known = run.weights.empty() || setting.for_any_weights() || setting.key == "model";
    if (!known || !setting.applies_to(run.recipe, run.data)) json.erase(setting.key);
  }
  for (const std::string& key : run.unknown_settings) json.erase(key);
  json["threads"] = run.threads;
  return json;
}

// The settings of today that a file does not have.
std::vector<std::string> absent_settings(const JsonNode& settings) {
  std::vector<std::string> keys;
  for (const training::Setting& setting : training::settings()) {
    if (!settings.has(setting.key)) keys.push_back(setting.key);
  }
  return keys;
}

Json to_json(const Machine& machine) {
  return {{"cpu", machine.cpu}, {"cores", machine.cores}, {"blas", machine.blas}, {"compiler", machine.compiler}};
}

Machine read_machine(const JsonNode& node) {
  return {.cpu = node.text_or("cpu", ""),
          .cores = static_cast<int>(node.count_or("cores")),
          .blas = node.text_or("blas", ""),
          .compiler = node.text_or("compiler", "")};
}

Json to_json(const TeacherRecord& teacher, const Distillation& how) {
  Json json{{"run", teacher.run},
            {"model", teacher.model},
            {"smoothing", short_number(teacher.smoothing)},
            {"temperature", short_number(how.teacher_temperature)},
            {"beta", short_number(how.beta)},
            {"form", training::name(how.form)},
            {"student_temperature", short_number(how.student_t())},
            {"factor", how.times_squared() ? "squared" : "none"},
            {"equivalent_smoothing", teacher.equivalent_smoothing},
            {"by_sample", teacher.by_sample},
            {"fingerprint", teacher.fingerprint}};
  if (how.form == Distillation::Form::decoupled) {
    json["dkd_alpha"] = short_number(how.target_weight);
    json["dkd_beta"] = short_number(how.non_target_weight);
  }
  return json;
}

TeacherRecord read_teacher(const JsonNode& node) {
  return {.run = node.text_or("run", ""),
          .model = node.text_or("model", ""),
          .smoothing = static_cast<float>(node.fraction_or("smoothing", 0)),
          .equivalent_smoothing = node.number_or("equivalent_smoothing"),
          .by_sample = node.flag_or("by_sample", false),
          .fingerprint = node.text_or("fingerprint", "")};
}

// The settings under "teacher", beside what is said of the teacher itself.
Distillation read_distillation(const JsonNode& node) {
  Distillation how;
  const auto number = [&](const char* key, float& value) { value = static_cast<float>(node.number_or(key, value)); };
  number("temperature", how.teacher_temperature);
  number("beta", how.beta);
  number("student_temperature", how.student_temperature);
  number("dkd_alpha", how.target_weight);
  number("dkd_beta", how.non_target_weight);
  if (node.has("form")) how.form = node.parse("form", training::parse_distillation_form);
  if (node.has("factor")) how.factor = node.parse("factor", training::parse_distillation_factor);
  return how;
}

}  // namespace

Json to_json(const translation::Score& score) {
  const translation::Bleu& bleu = score.bleu;
  return {{"score", bleu.score},
          {"signature", score.signature},
          {"precisions", bleu.precisions},
          {"brevity_penalty", bleu.brevity_penalty},
          {"hypothesis_length", bleu.hypothesis_length},
          {"reference_length", bleu.reference_length},
          {"beam", score.beam},
          {"length_penalty", score.length_penalty}};
}

translation::Score read_score(const JsonNode& node) {
  translation::Score score{.bleu = {.score = node.number_or("score"),
                                    .brevity_penalty = node.number_or("brevity_penalty"),
                                    .hypothesis_length = node.count_or("hypothesis_length"),
                                    .reference_length = node.count_or("reference_length")},
                           .signature = node.text_or("signature", ""),
                           .beam = node.count_or("beam"),
                           .length_penalty = node.number_or("length_penalty")};
  const std::vector<double> precisions = node.numbers("precisions");
  score.bleu.precisions.fill(JsonNode::kAbsent);
  std::copy_n(precisions.begin(), std::min(precisions.size(), score.bleu.precisions.size()), score.bleu.precisions.begin());
  return score;
}

Json to_json(const Run& run, const Json& model) {
  Json json{{"temper", run.version}, {"command", run.command}, {"created", run.created}, {"settings", settings_json(run)}};
  json.update(model);
  json["parameters"] = run.parameters;
  if (run.score) json["bleu"] = to_json(*run.score);
  json["machine"] = to_json(run.machine);
  if (run.teacher) json["teacher"] = to_json(*run.teacher, run.recipe.distillation);
  if (!run.weights.empty()) json["weights"] = run.weights;
  if (run.kept_epoch > 0) json["kept_epoch"] = run.kept_epoch;
  json["seconds"] = run.seconds;
  json["metrics"] = {{"val", calibration::to_json(run.val)}, {"test", calibration::to_json(run.test)}};
  json["reliability"] = {{"test", calibration::to_json(run.test_reliability)}};
  return json;
}

Run read_run(const JsonNode& node) {
  const JsonNode settings = node.object("settings");
  Run run{.version = node.text_or("temper", ""),
          .command = node.text_or("command", "train"),
          .created = node.text_or("created", ""),
          .data = settings.text("data"),
          .recipe = training::read_recipe(settings),
          .unknown_settings = absent_settings(settings),
          .threads = static_cast<int>(settings.count_or("threads")),
          .weights = node.text_or("weights", ""),
          .parameters = node.count_or("parameters"),
          .kept_epoch = node.count_or("kept_epoch"),
          .seconds = node.number_or("seconds")};
  run.recipe.model = settings.text("model");
  if (node.has("teacher")) {
    run.teacher = read_teacher(node.object("teacher"));
    run.recipe.distillation = read_distillation(node.object("teacher"));
  }
  if (node.has("metrics")) {
    const JsonNode metrics = node.object("metrics");
    if (metrics.has("val")) run.val = calibration::read_metrics(metrics.object("val"));
    if (metrics.has("test")) run.test = calibration::read_metrics(metrics.object("test"));
  }
  run.test_reliability = calibration::read_reliability(node, "test");
  if (node.has("bleu")) run.score = read_score(node.object("bleu"));
  if (node.has("machine")) run.machine = read_machine(node.object("machine"));
  return run;
}

void write_run_json(const std::string& folder, Run& run, const Json& model) {
  run.created = now_utc();
  run.machine = describe_machine();
  write_file(path_of(folder, "run.json"), to_json(run, model).dump(2) + "\n");
}

Run read_run_json(const std::string& folder, const std::function<void(const JsonNode& node, const Run& run)>& read_model) {
  check_finished(folder);
  return read_json_file(path_of(folder, "run.json"), "correct it there, or restore the file from a copy", [&](const JsonNode& node) {
    Run run = read_run(node);
    run.name = last_component(folder);
    read_model(node, run);
    return run;
  });
}

Run read_run_json(const std::string& folder) {
  return read_run_json(folder, [](const JsonNode&, const Run&) {});
}

void read_calibration(const std::string& folder, Index classes, Run& run) {
  const std::string path = path_of(folder, "calibrator.json");
  if (!fs::exists(path)) return;
  calibration::CalibrationRecord record = calibration::load_calibration(path, classes);
  TEMPER_CHECK(record.weights.empty() || run.weights_fingerprint.empty() || record.weights == run.weights_fingerprint, path,
               ": it was fitted on other weights than those of model.safetensors; run `temper calibrate` again, or restore the file");
  run.calibration = std::move(record);
}

Run read_run(const std::string& folder) {
  Run run = read_run_json(folder);
  const std::string log = path_of(folder, "log.csv");
  if (fs::exists(log)) run.epochs = parse_log(read_file(log), log);
  read_calibration(folder, 0, run);
  const std::string classes = path_of(folder, "classes.json");
  if (fs::exists(classes)) run.classes = load_classes(classes);
  if (run.classes && !agrees(*run.classes, run.test)) run.classes.reset();
  return run;
}

std::vector<std::pair<std::string, std::string>> list_settings(const Run& run) {
  const Json settings = settings_json(run);
  std::vector<std::pair<std::string, std::string>> list;
  for (const auto& [key, value] : settings.items()) {
    if (value == "") continue;
    list.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return list;
}

bool is_translation_run(const std::string& folder) {
  try {
    return parse_json(read_file(path_of(folder, "run.json"))).contains("text");
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace temper::runs
