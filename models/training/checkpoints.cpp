#include "models/training/checkpoints.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "core/base/file.h"
#include "core/base/fingerprint.h"
#include "core/engine/machine.h"
#include "models/training/json.h"
#include "models/training/optimizer.h"
#include "models/training/recipe_file.h"
#include "models/training/settings.h"

namespace temper::training {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kBegin = "step-", kEnd = ".safetensors";

std::string file_name(Index step) {
  std::string digits = std::to_string(step);
  digits.insert(0, 12 - std::min<std::size_t>(digits.size(), 12), '0');  // in the order of their names
  return str_cat(kBegin, digits, kEnd);
}

bool is_checkpoint(const std::string& name) { return name.starts_with(kBegin) && name.ends_with(kEnd); }

Json to_json(const RunPlan& plan) {
  return {{"command", plan.command},
          {"data", plan.data},
          {"training_images", plan.training_data},
          {"teachers", plan.teachers},
          {"teacher_file", plan.teacher_file.logits},
          {"teacher_probabilities", plan.teacher_file.probabilities},
          {"teachers_fingerprint", plan.teachers_fingerprint},
          {"recipe", write_recipe(plan.recipe, true)}};
}

RunPlan run_plan(const Json& json, const std::string& source) {
  RunPlan plan{.command = json.at("command"),
               .data = json.at("data"),
               .training_data = json.at("training_images"),
               .teachers = json.at("teachers"),
               .teachers_fingerprint = json.at("teachers_fingerprint")};
  read_recipe(json.at("recipe").get<std::string>(), source, plan.recipe);
  return plan;
}

std::string fingerprint(const TensorFile& file) {
  Fingerprint all;
  for (const auto& [name, entry] : file.tensors) all.add(name).add(std::span<const float>(entry.values));
  return all.add(file.metadata.at("plan")).add(file.metadata.at("state")).hex();
}

Checkpoint read(const std::string& path) {
  Checkpoint checkpoint{.path = path, .plan = {}, .state = {}, .tensors = read_safetensors(path)};
  try {
    const auto& metadata = checkpoint.tensors.metadata;
    TEMPER_CHECK(metadata.at("fingerprint") == fingerprint(checkpoint.tensors), "its values are not those that were written");
    checkpoint.plan = run_plan(parse_json(metadata.at("plan")), path);
    checkpoint.state = run_state(parse_json(metadata.at("state")));
  } catch (const std::exception& error) {
    throw Error(str_cat(path, ": not a whole checkpoint: ", error_text(error)));
  }
  return checkpoint;
}

constexpr const char* kAdvice = "; resume with the original settings, or start another run with another --out or --overwrite";

// "epochs = 5, steps = 71": those that say how long a run is.
std::string length_text(const Recipe& recipe) {
  return recipe.steps > 0 ? str_cat("steps = ", recipe.steps) : str_cat("epochs = ", recipe.epochs);
}

// Why a run of this recipe cannot be made longer; null where it can.
const char* length_matters(const Recipe& recipe) {
  using enum optim::Schedule::Kind;
  if (recipe.lookahead_every > 0) return "with --lookahead every step depends on the length of the run";
  const bool free = recipe.schedule == constant || recipe.schedule == step || recipe.schedule == inverse_sqrt;
  return free ? nullptr : "under this --schedule every step depends on the length of the run";
}

}  // namespace

bool same_length(const Recipe& begun, const Recipe& now) {
  return begun.steps == now.steps && (begun.steps > 0 || begun.epochs == now.epochs);
}

void check_same_settings(const Recipe& begun, const Recipe& now, Index steps_an_epoch) {
  for (const Setting& setting : settings()) {
    const bool applies = setting.applies_to(begun) || setting.applies_to(now);
    if (!applies || setting.key == "epochs" || setting.key == "steps" || setting.key == "log_steps") continue;
    TEMPER_CHECK(setting.read(begun) == setting.read(now), "--resume: the run was started with ", setting_text(setting, begun),
                 ", not with ", setting_text(setting, now), kAdvice);
  }
  if (same_length(begun, now)) return;
  const std::string change = str_cat("--resume: the run was started with ", length_text(begun), ", not with ", length_text(now));
  if (const char* reason = length_matters(begun)) throw Error(str_cat(change, ": ", reason, kAdvice));
  const bool comparable = steps_an_epoch > 0 || (begun.steps > 0) == (now.steps > 0);
  const Index epoch = std::max<Index>(steps_an_epoch, 1);
  TEMPER_CHECK(!comparable || total_steps(now, epoch) >= total_steps(begun, epoch), change, ": a run can become longer, not shorter",
               kAdvice);
}

void check_same(const RunPlan& begun, const RunPlan& now, Index steps_an_epoch) {
  TEMPER_CHECK(begun.command == now.command, "--resume: the run was started by temper ", begun.command, "; use that command");
  TEMPER_CHECK(begun.data == now.data, "--resume: the run was started with the data ", begun.data, ", not ", now.data, kAdvice);
  const bool same_file =
      begun.teacher_file.logits == now.teacher_file.logits && begun.teacher_file.probabilities == now.teacher_file.probabilities;
  TEMPER_CHECK(begun.teachers == now.teachers && same_file, "--resume: the run was started with another teacher", kAdvice);
  check_same_settings(begun.recipe, now.recipe, steps_an_epoch);
  TEMPER_CHECK(begun.training_data == now.training_data, "--resume: the training data of ", now.data,
               " are not those that the run was started with", kAdvice);
  TEMPER_CHECK(begun.teachers_fingerprint == now.teachers_fingerprint, "--resume: the teacher has changed since the run was started",
               kAdvice);
}

Checkpoints::Checkpoints(const std::string& run_folder) : folder_((fs::path(run_folder) / "checkpoint").string()) {}

std::vector<std::string> Checkpoints::paths() const {
  std::vector<std::string> paths;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder_, none)) {
    if (is_checkpoint(entry.path().filename().string())) paths.push_back(entry.path().string());
  }
  std::ranges::sort(paths, std::greater());
  return paths;
}

void Checkpoints::save(const RunPlan& plan, const RunState& state, const ParameterStore& store,
                       std::span<const optim::StateArena> arenas) const {
  TensorFile file;
  optim::write_arenas(store, arenas, file);
  file.metadata = {
      {"temper", "checkpoint 1"}, {"version", kVersion}, {"plan", to_json(plan).dump()}, {"state", training::to_json(state).dump()}};
  file.metadata["fingerprint"] = fingerprint(file);
  make_folder(folder_);
  const std::string path = (fs::path(folder_) / file_name(state.step)).string();
  write_safetensors(path, file);
  Index kept = 0;
  for (const std::string& old : paths()) {
    if (old <= path && ++kept <= 2) continue;  // those of more steps belong to a run that was restarted
    fs::remove(old);
  }
}

std::optional<Checkpoint> Checkpoints::newest(const std::function<void(const std::string&)>& on_warning) const {
  const std::vector<std::string> all = paths();
  for (std::size_t i = 0; i < all.size(); ++i) {
    try {
      return read(all[i]);
    } catch (const Error& error) {
      if (i + 1 == all.size()) throw;
      on_warning(str_cat(error.what(), "; the run continues from the checkpoint before it"));
    }
  }
  return std::nullopt;
}

Index Checkpoints::newest_step() const {
  const std::vector<std::string> all = paths();
  Index step = 0;
  if (!all.empty()) {
    const std::string name = fs::path(all.front()).filename().string();
    std::from_chars(name.data() + kBegin.size(), name.data() + name.size(), step);
  }
  return step;
}

void Checkpoints::clear() const {
  for (const std::string& path : paths()) fs::remove(path);
}

}  // namespace temper::training
