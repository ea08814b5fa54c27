#include "apps/temper/terminal/training_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/run_summary.h"
#include "apps/temper/terminal/setting_options.h"
#include "core/base/file.h"
#include "core/engine/parallel.h"
#include "data/sources.h"
#include "data/text/text_splits.h"
#include "models/networks/transformer.h"
#include "models/runs/run_file.h"
#include "models/runs/run_folder.h"
#include "models/training/recipe_file.h"
#include "models/training/recipes.h"

namespace temper::app {
namespace {

std::string recipe_list() {
  std::string text = "Recipes (--recipe NAME):\n";
  for (const training::NamedRecipe& named : training::named_recipes()) text += fmt::format("  {:<21}{}\n", named.name, named.description);
  return text +
         "\nSettings that are not given come from --config, then --recipe, then what does well on the data; run.json keeps them all, and\n"
         "--show-config prints them.\n";
}

}  // namespace

void print_run(const TrainingOptions& options, const runs::Run& run) {
  if (options.json) {
    const Json known{{"command", run.command}, {"out", options.out}, {"parameters", run.parameters}, {"seconds", run.seconds}};
    Json json = with_metrics(known, run.val, run.test);
    if (run.teacher) json["gamma"] = run.teacher->equivalent_smoothing;
    if (run.score) add_bleu(*run.score, json);
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{}: {} of {} parameters, {:.1f} s on {} threads\n", options.out, run.recipe.model, grouped(run.parameters), run.seconds,
             run.threads);
  if (run.score) fmt::print("  test: {}, {}\n", translation::describe(run.score->bleu), run.score->signature);
  print_metrics(options.out, run.val, run.test, run.unit());
}

namespace {

void print_finished_run(const TrainingOptions& options) {
  const runs::Run run = runs::read_run_json(options.out);
  fmt::print(stderr, "{}: the run is finished; nothing is left to do\n", options.out);
  print_run(options, run);
}

}  // namespace

void TrainingOptions::add_to(CLI::App& command, Teacher teacher) {
  teacher_ = teacher;
  command.add_option("--out", out, "The folder of the run: weights, log, settings and metrics")->type_name("RUN");
  command.add_flag("--overwrite", overwrite, "Replace the finished run that --out holds");
  command.add_flag("--resume", resume,
                   "Continue the run in --out from its last checkpoint, with the settings that it was started with; the result is\n"
                   "bit-identical to an uninterrupted run. Starts the run when there is no checkpoint yet");
  command.add_option("--checkpoint-every", checkpoint_every, "Steps between checkpoints, beside those at the end of every epoch (0: none)")
      ->type_name("STEPS");
  command.add_option("--checkpoint-minutes", checkpoint_minutes, "The same in minutes (default 10; 0: none)")->type_name("M");
  command.add_option("--snapshot-every", snapshot_every, "Epochs between copies of the weights, for temper analyze --snapshots (0: none)")
      ->type_name("EPOCHS");
  command
      .add_option("--rank-timeout", rank_timeout,
                  "Under mpirun or srun: seconds after which a rank that is silent ends the run (default 300)")
      ->type_name("S");
  command.add_flag("--json", json, "Print the result as one JSON object on stdout");
  command.add_option("--threads", threads, "Threads to compute on; the result is the same for any number (default: all cores)")
      ->type_name("N");
  command.add_option("--memory-budget", memory_budget, "GiB of decoded pictures to keep; the others are decoded again (default 2)")
      ->type_name("X");
  command.add_option("--recipe", recipe, "Settings by name, see below (default: those that suit the data)")->type_name("NAME");
  command.add_option("--config", config, "Settings of a TOML file, over those of the recipe; options are over both")->type_name("FILE");
  command.add_flag("--show-config", show_config, "Print all settings as TOML, for --config, and train nothing");

  CLI::App* group = nullptr;
  std::string group_name;
  for (const training::Setting& setting : training::settings()) {
    if (setting.for_distillation() && teacher == Teacher::none) continue;
    if (setting.group != group_name) group = command.add_option_group(group_name = setting.group, "");
    options_.emplace_back(&setting, add_option(*group, setting));
  }
  command.footer(recipe_list());
}

bool TrainingOptions::find_checkpoint(const char* command, bool can_begin) {
  if (!resume) return true;
  TEMPER_CHECK(!out.empty(), "--out: missing; give the folder of the run to resume");
  TEMPER_CHECK(!overwrite, "--resume: it continues the run that --overwrite would remove; give one of them");
  if (std::filesystem::exists(std::filesystem::path(out) / "run.json")) {
    if (is_first_rank()) print_finished_run(*this);
    return false;
  }
  checkpoint = training::Checkpoints(out).newest(warn);
  TEMPER_CHECK(checkpoint || can_begin, out, ": there is no checkpoint to resume; start the run with all its options");
  if (!checkpoint) return true;
  TEMPER_CHECK(checkpoint->plan.command == command, "--resume: the run in ", out, " was begun by temper ", checkpoint->plan.command,
               "; resume it with that command");
  if (data.empty()) data = checkpoint->plan.data;
  return true;
}

training::Recipe TrainingOptions::settings() const {
  constexpr int kMostMinutes = 1'000'000;
  TEMPER_CHECK(checkpoint_every >= 0, "--checkpoint-every: ", checkpoint_every, " is not allowed; give steps, 0 or more");
  TEMPER_CHECK(checkpoint_minutes >= 0 && checkpoint_minutes <= kMostMinutes, "--checkpoint-minutes: ", checkpoint_minutes,
               " is not allowed; give minutes, 0 or more");
  TEMPER_CHECK(snapshot_every >= 0, "--snapshot-every: ", snapshot_every, " is not allowed; give epochs, 0 or more");
  TEMPER_CHECK(rank_timeout > 0, "--rank-timeout: ", rank_timeout, " is not allowed; give seconds, more than 0");
  training::Recipe result = checkpoint ? checkpoint->plan.recipe : training::Recipe::for_data(data);
  if (!recipe.empty()) {
    const training::NamedRecipe& named = training::named_recipe(recipe);
    TEMPER_CHECK(teacher_ == Teacher::wanted || !training::needs_teacher(named), "--recipe: ", recipe,
                 " learns from a teacher; use it with temper distill --teacher RUN");
    result = training::to_recipe(named);
  }
  const std::vector<std::string> in_file = config.empty() ? std::vector<std::string>{} : read_config(result);
  for (const auto& [setting, option] : options_) set_given(result, *setting, *option);
  refuse_useless(result);
  check(result, in_file);
  return result;
}

// An option that would change nothing is a mistake.
void TrainingOptions::refuse_useless(const training::Recipe& result) const {
  for (const auto& [setting, option] : options_) {
    TEMPER_CHECK(option->count() == 0 || setting->applies_to(result), option->get_name(false, false), ": it is for networks that read ",
                 result.reads_text() ? "images" : "text", result.model.empty() ? "" : ", not for " + result.model, "; leave it out");
  }
}

std::vector<std::string> TrainingOptions::read_config(training::Recipe& result) const {
  std::vector<std::string> keys = training::read_recipe(read_file(config), config, result);
  for (const training::Setting& setting : training::settings()) {
    TEMPER_CHECK(teacher_ == Teacher::wanted || !setting.for_distillation() || std::ranges::count(keys, setting.key) == 0, config, ": ",
                 setting.key, " is for learning from a teacher; use temper distill --teacher RUN, or take it out");
  }
  return keys;
}

void TrainingOptions::check(const training::Recipe& result, const std::vector<std::string>& in_file) const {
  try {
    result.check();
  } catch (const Error& error) {
    const std::string message = error.what();
    for (const auto& [setting, option] : options_) {
      const bool meant = message.starts_with(option->get_name(false, false) + ":");
      if (meant && option->count() == 0 && std::ranges::count(in_file, setting->key) > 0) throw Error(str_cat(config, ": ", message));
    }
    throw;
  }
}

bool TrainingOptions::show_settings(const training::Recipe& settings) const {
  if (show_config) {
    fmt::print("{}", training::write_recipe(settings, teacher_ == Teacher::wanted));
    return true;
  }
  TEMPER_CHECK(!data.empty(), "--data: missing; give ", data::list_specs());
  TEMPER_CHECK(!settings.model.empty(), "--model: missing; give a name that `temper models` lists, or a --recipe");
  TEMPER_CHECK(!out.empty(), "--out: missing; give a folder for the run");
  TEMPER_CHECK(!data::is_text(data) || settings.reads_text(), "--model: ", settings.model, " reads no text, ", data, " is text; give ",
               models::list_transformers());
  TEMPER_CHECK(data::is_text(data) || !settings.reads_text(), "--model: ", settings.model, " reads text, ", data,
               " is images; `temper models` lists what reads what");
  if (!checkpoint) runs::check_can_begin(out, overwrite);
  return false;
}

void TrainingOptions::use_threads() const {
  ranks().timeout = rank_timeout;  // joins them: they share the cores
  if (threads) with_option_context("--threads", [&] { set_threads(threads); });
}

tasks::DataOptions TrainingOptions::data_options() const {
  constexpr double kGiB = 1 << 30, kMost = 1 << 20;
  TEMPER_CHECK(memory_budget >= 0 && memory_budget <= kMost, "--memory-budget: ", memory_budget, " is not allowed; give GiB, 0 or more");
  return {.memory_budget = static_cast<std::uint64_t>(memory_budget * kGiB)};
}

}  // namespace temper::app
