#include "models/training/run.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>

#include "core/file.h"
#include "core/json.h"
#include "core/machine.h"
#include "core/weights.h"
#include "models/calibration/metrics/json.h"
#include "models/networks/registry.h"
#include "models/training/json.h"
#include "models/training/settings.h"
#include "models/training/snapshots.h"

namespace temper::training {
namespace {

namespace fs = std::filesystem;

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Json settings(const RunRecord& record) {
  Json json{{"data", record.data}, {"model", record.model}};
  json.update(to_json(record.recipe));
  for (const Setting& setting : training::settings()) {
    if (!record.weights.empty() && !setting.for_any_weights() && setting.key != "model") json.erase(setting.key);
  }
  json["threads"] = record.threads;
  return json;
}

Json machine() {
  const Machine machine = describe_machine();
  return {{"cpu", machine.cpu}, {"cores", machine.cores}, {"blas", machine.blas}, {"compiler", machine.compiler}};
}

Json to_json(const TeacherRecord& teacher) {
  const Distillation& d = teacher.distillation;
  Json json{{"run", teacher.run},
            {"model", teacher.model},
            {"smoothing", short_number(teacher.smoothing)},
            {"temperature", short_number(d.temperature)},
            {"beta", short_number(d.beta)},
            {"form", name(d.form)},
            {"student_temperature", short_number(d.student_t())},
            {"factor", d.times_squared() ? "squared" : "none"},
            {"equivalent_smoothing", teacher.equivalent_smoothing},
            {"by_sample", teacher.by_sample},
            {"fingerprint", teacher.fingerprint}};
  if (d.form == Distillation::Form::decoupled) {
    json["dkd_alpha"] = short_number(d.target_weight);
    json["dkd_beta"] = short_number(d.non_target_weight);
  }
  return json;
}

std::string csv_number(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6).ptr};
}

// What processes that were killed left half-written.
void remove_litter(const fs::path& folder) {
  remove_half_written(folder.string());
  remove_half_written((folder / "checkpoint").string());
}

}  // namespace

std::vector<std::string> run_files(const std::string& folder) {
  std::vector<std::string> files;
  // run.json first: where it is gone there is no finished run.
  for (const char* name : {"run.json", "calibrator.json", "model.safetensors", "log.csv", kSubwordsFile})
    files.push_back((fs::path(folder) / name).string());
  return files;
}

void check_can_begin(const std::string& folder, bool overwrite) {
  const fs::path path(folder);
  TEMPER_CHECK(!folder.empty(), "--out: the folder has no name; give one");
  TEMPER_CHECK(!fs::exists(path) || fs::is_directory(path), folder, ": it is a file; give another --out");
  TEMPER_CHECK(overwrite || !fs::exists(path / "run.json"), folder,
               ": it holds a finished run; give another --out, or --overwrite to replace it");
  const Index step = Checkpoints(folder).newest_step();
  TEMPER_CHECK(overwrite || step == 0, folder, ": it holds a run that was stopped after step ", step,
               "; go on with --resume, or give another --out, or --overwrite to replace it");
}

FolderLock begin_run(const std::string& folder, bool overwrite) {
  check_can_begin(folder, overwrite);
  make_folder(folder);
  FolderLock lock(folder);
  check_can_begin(folder, overwrite);  // who held the lock may have left a run
  for (const std::string& old : run_files(folder)) fs::remove(old);
  Checkpoints(folder).clear();
  remove_snapshots(folder);
  remove_litter(folder);
  write_log(folder, {});
  return lock;
}

FolderLock continue_run(const std::string& folder) {
  FolderLock lock(folder);
  remove_litter(folder);
  return lock;
}

void write_log(const std::string& folder, const std::vector<EpochRecord>& epochs, const std::string& unit) {
  std::string text = "epoch,lr,train_loss,train_accuracy";
  for (const calibration::Metric& metric : calibration::log_columns()) text += concat(",val_", metric.key);
  text += ",seconds," + unit + "_per_second\n";
  for (const EpochRecord& epoch : epochs) {
    std::vector<double> values{epoch.learning_rate, epoch.train_loss, epoch.train_accuracy};
    for (const calibration::Metric& metric : calibration::log_columns()) values.push_back(epoch.val.*metric.value);
    values.insert(values.end(), {epoch.seconds, epoch.samples_per_second});
    text += std::to_string(epoch.epoch);
    for (const double value : values) text += "," + csv_number(value);
    text += '\n';
  }
  write_file((fs::path(folder) / "log.csv").string(), text);
}

Json run_json(const RunRecord& record, const Json& description) {
  Json json{{"temper", kVersion}, {"command", record.command}, {"created", now_utc()}, {"settings", settings(record)}};
  json.update(description);
  json["machine"] = machine();
  if (record.teacher) json["teacher"] = to_json(*record.teacher);
  if (!record.weights.empty()) json["weights"] = record.weights;
  if (record.kept_epoch > 0) json["kept_epoch"] = record.kept_epoch;
  json["seconds"] = record.seconds;
  json["metrics"] = {{"val", to_json(record.val)}, {"test", to_json(record.test)}};
  json["reliability"] = {{"test", to_json(record.test_reliability)}};
  return json;
}

void save_run(const std::string& folder, const models::Model& model, const RunRecord& record) {
  const fs::path path(folder);
  save_weights(*model.parameters, (path / "model.safetensors").string());
  const Shape& image = model.spec.image;
  const data::Preprocessing& seen = model.preprocessing;
  const Json description{{"image", {image[0], image[1], image[2]}},
                         {"classes", model.class_names},
                         {"normalization", {{"mean", seen.normalization.mean}, {"std", seen.normalization.std}}},
                         {"preprocessing",
                          {{"image", {model.framing.image[0], model.framing.image[1]}},
                           {"margin", model.framing.margin},
                           {"crop", seen.crop},
                           {"standardize", data::name(seen.standardization)},
                           {"tta", models::name(model.views)}}},
                         {"parameters", model.parameters->learned_size()}};
  write_file((path / "run.json").string(), run_json(record, description).dump(2) + "\n");
}

namespace {

// How the model sees images. Runs of temper 0.1 without "preprocessing" see whole images, normalised by channel.
void read_preprocessing(const Json& json, models::Model& model) {
  data::Preprocessing& seen = model.preprocessing;
  seen.normalization = {.mean = json.at("normalization").at("mean"), .std = json.at("normalization").at("std")};
  const Shape& image = model.spec.image;
  model.framing = {image};
  if (json.contains("preprocessing")) {
    const Json& stored = json.at("preprocessing");
    seen.crop = stored.at("crop");
    seen.standardization = data::standardization(stored.at("standardize").get<std::string>());
    model.views = models::views(stored.at("tta").get<std::string>());
    const auto sides = stored.value("image", std::array{image[0], image[1]});
    model.framing = {{sides[0], sides[1], image[2]}, stored.value("margin", Index{0})};
    TEMPER_CHECK(model.framing.margin >= 0 && seen.seen(model.framing.image) == image, "the crop ", seen.crop, " of ", sides[0], " x ",
                 sides[1], " is not the image ", image);
  }
  TEMPER_CHECK(seen.crop == 0 || (seen.crop == image[0] && seen.crop == image[1]), "the crop ", seen.crop, " is not the image ", image);
  TEMPER_CHECK(static_cast<Index>(seen.normalization.mean.size()) == image[2], "the normalization is not that of ", image[2], " channels");
  seen.normalization.table();
}

LoadedRun parse_run(const fs::path& path) {
  const Json json = parse_json(read_file((path / "run.json").string()));
  const Json& settings = json.at("settings");
  LoadedRun run{.model = {},
                .data = settings.at("data"),
                .val_size = settings.value("val_size", Recipe::kOwnSplit),
                .skip_damaged = settings.value("skip_bad_images", false),
                .smoothing = settings.at("smoothing"),
                .recipe = recipe_of(settings),
                .calibrator = {}};
  models::Model& model = run.model;
  model.network_name = settings.at("model");
  const auto image = json.at("image").get<std::array<Index, 3>>();
  model.spec.image = {image[0], image[1], image[2]};
  model.class_names = json.at("classes").get<std::vector<std::string>>();
  model.spec.classes = static_cast<Index>(model.class_names.size());
  read_preprocessing(json, model);
  model.parameters = std::make_unique<ParameterStore>();
  model.network = models::make_network(model.network_name, model.parameters->root(), model.spec);
  model.parameters->commit({});
  return run;
}

// parse(), with the errors of a damaged file made ours.
template <class Parse> auto checked(const fs::path& file, const char* advice, Parse parse) {
  try {
    return parse();
  } catch (const std::exception& error) {
    throw Error(about(file.string(), plain_words(error), "; ", advice));
  }
}

}  // namespace

void check_finished(const std::string& folder) {
  TEMPER_CHECK(fs::is_directory(folder), folder,
               ": there is no such folder; give the folder of a run, as `temper train --out RUN` leaves it");
  TEMPER_CHECK(fs::exists(fs::path(folder) / "run.json"), folder,
               ": it holds no run.json, so no finished run; train it to its end, or give another folder");
}

LoadedRun load_run(const std::string& folder) {
  check_finished(folder);
  const fs::path path(folder);
  TEMPER_CHECK(!fs::exists(path / kSubwordsFile), folder,
               ": it is a run that translates; give it to temper translate, eval, calibrate or report");
  LoadedRun run =
      checked(path / "run.json", "it is damaged or not of this version; train the model again", [&] { return parse_run(path); });
  load_weights(*run.model.parameters, (path / "model.safetensors").string());
  if (fs::exists(path / "calibrator.json")) run.calibrator = load_calibrator((path / "calibrator.json").string(), run.model.spec.classes);
  return run;
}

}  // namespace temper::training
