#include "apps/temper/terminal/training_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/run_summary.h"
#include "apps/temper/terminal/setting_options.h"
#include "apps/temper/terminal/threads_option.h"
#include "core/base/file.h"
#include "core/base/number_text.h"
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
         "--show-config prints them.\n"
         "\nSweeps: a list for settings that are one number or name, --smoothing 0,0.05,0.1 --seeds 1..3 or smoothing = [0, 0.05, 0.1] in\n"
         "the file, trains a run for each combination, in OUT/smoothing0.05-seed2 and so on, several at a time. --resume goes on with "
         "those\n"
         "that are not finished. eval, calibrate and report take OUT for all of its runs.\n";
}

}  // namespace

void print_run(const TrainingOptions& options, const runs::Run& run) {
  if (options.json) {
    const Json known{{"command", run.command}, {"out", options.out}, {"parameters", run.parameters}, {"seconds", run.seconds}};
    Json json = with_metrics(known, run.val, run.test);
    if (run.teacher) json["gamma"] = run.teacher->equivalent_smoothing;
    if (run.score) add_bleu(*run.score, json);
    print_json(json);
    return;
  }
  print("{}: {} of {}, {:.1f} s on {}\n", options.out, run.recipe.model, counted(run.parameters, "parameter"), run.seconds,
        counted(run.threads, "thread"));
  if (run.score) print("  test: {}, {}\n", translation::describe(run.score->bleu), run.score->signature);
  print_metrics(options.out, run.val, run.test, run.unit());
}

namespace {

void print_finished_run(const TrainingOptions& options) {
  const runs::Run run = runs::read_run_json(options.out);
  note("{}: the run is finished; nothing is left to do\n", options.out);
  print_run(options, run);
}

}  // namespace

void TrainingOptions::add_to(CLI::App& command, Teacher teacher) {
  teacher_ = teacher;
  command_ = &command;
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
  command.add_option("--seeds", seeds, "A run for each of these seeds, as 1..5 or 1,2,3: a sweep, see below")->type_name("A..B");
  command.add_option("--jobs", jobs, "Runs of a sweep at a time (default: one a core)")->type_name("N");
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

void TrainingOptions::find_run(const char* command, bool can_begin) {
  if (!resume) return;
  TEMPER_CHECK(!out.empty(), "--out: missing; give the folder of the run to resume");
  TEMPER_CHECK(!overwrite, "--resume: it continues the run that --overwrite would remove; give one of them");
  if (std::filesystem::exists(std::filesystem::path(out) / "run.json")) finished_ = runs::read_run_json(out);
  checkpoint = training::Checkpoints(out).newest(warn);
  TEMPER_CHECK(checkpoint || finished_ || can_begin, out, ": there is no checkpoint to resume; start the run with all its options");
  if (!checkpoint && !finished_) return;
  const std::string &begun_by = checkpoint ? checkpoint->plan.command : finished_->command,
                    &begun_with = checkpoint ? checkpoint->plan.data : finished_->data;
  TEMPER_CHECK(begun_by == command, "--resume: the run in ", out, " was begun by temper ", begun_by, "; resume it with that command");
  if (data.empty()) data = begun_with;
  TEMPER_CHECK(data == begun_with, "--resume: the run was started with the data ", begun_with, ", not ", data,
               "; resume with these, or start another run with another --out or --overwrite");
}

namespace {

// `asked` with what it leaves to the data or the teacher, and what the version of the run did not know, as it is in the run.
training::Recipe filled_in(training::Recipe asked, const training::Recipe& run, const std::vector<std::string>& unknown) {
  constexpr std::string_view kLeftOpen[]{"val_size", "batch", "languages", "val_text", "test_text", "student_temperature", "factor"};
  const training::Recipe open = {.batch = training::Recipe::kBySize};
  for (const training::Setting& setting : training::settings()) {
    const bool is_open = std::ranges::count(kLeftOpen, setting.key) > 0 && setting.read(asked) == setting.read(open);
    if (is_open || std::ranges::count(unknown, setting.key) > 0) setting.write(asked, setting.read(run));
  }
  return asked;
}

}  // namespace

bool TrainingOptions::is_finished(const training::Recipe& asked) const {
  if (!checkpoint && !finished_) return false;
  const training::Recipe& begun = checkpoint ? checkpoint->plan.recipe : finished_->recipe;
  training::check_same_settings(begun, filled_in(asked, begun, finished_ ? finished_->unknown_settings : std::vector<std::string>{}));
  if (!finished_ || !training::same_length(finished_->recipe, asked)) {
    TEMPER_CHECK(checkpoint,
                 "--resume: the run is finished, and its checkpoint is gone, from which it could be made longer; start another run "
                 "with another --out");
    return false;
  }
  if (show_config) return false;
  if (is_first_rank()) print_finished_run(*this);
  return true;
}

namespace {

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t comma = text.find(','); comma != std::string::npos; comma = text.find(',', begin)) {
    parts.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// "1..3" or "1,2,3".
std::vector<std::string> parse_seeds(const std::string& text) {
  const auto dots = text.find("..");
  if (dots == std::string::npos) return split_at_commas(text);
  constexpr Index kMost = 10'000;
  const training::Setting& seed = *training::find_setting("seed");
  const Index first = std::get<Index>(training::parse_value(seed, text.substr(0, dots))),
              last = std::get<Index>(training::parse_value(seed, text.substr(dots + 2)));
  TEMPER_CHECK(first >= 0 && first <= last && last - first < kMost, text, " is no range of seeds; give one as 1..5");
  std::vector<std::string> seeds;
  for (Index i = first; i <= last; ++i) seeds.push_back(std::to_string(i));
  return seeds;
}

// In one spelling, each once.
runs::SweepAxis make_axis(const training::Setting& setting, const std::vector<std::string>& texts) {
  runs::SweepAxis axis{.key = setting.key, .values = {}};
  for (const std::string& text : texts) {
    training::Recipe any;
    setting.write(any, training::parse_value(setting, text));
    const std::string value = training::plain_text(setting.read(any));
    TEMPER_CHECK(std::ranges::count(axis.values, value) == 0, value, " is there twice; give each value once");
    axis.values.push_back(value);
  }
  return axis;
}

}  // namespace

std::vector<runs::SweepAxis> TrainingOptions::axes() const {
  std::vector<runs::SweepAxis> axes;
  training::SettingLists in_file;
  training::Recipe any;
  if (!config.empty()) training::read_recipe(read_file(config), config, any, &in_file);
  for (const auto& [setting, option] : options_) {
    const std::string name = option->get_name(false, false);
    if (setting->key == "seed" && !seeds.empty()) {
      TEMPER_CHECK(option->count() == 0, "--seeds: --seed says one; give either, not both");
      with_option_context("--seeds", [&, &varied = *setting] { axes.push_back(make_axis(varied, parse_seeds(seeds))); });
    } else if (option->count() > 0) {
      const std::string text = setting->can_vary() ? option->as<std::string>() : "";
      if (text.find(',') != std::string::npos)
        with_option_context(name.c_str(), [&, &varied = *setting] { axes.push_back(make_axis(varied, split_at_commas(text))); });
    } else if (const auto list = std::ranges::find(in_file, setting->key, [](const auto& entry) { return entry.first; });
               list != in_file.end()) {
      with_option_context(str_cat(config, ": ", setting->key).c_str(),
                          [&, &varied = *setting] { axes.push_back(make_axis(varied, list->second)); });
    }
  }
  std::ranges::stable_partition(axes, [](const runs::SweepAxis& axis) { return axis.key != "seed"; });
  return axes;
}

// As CLI11 read them, without what is the sweep's own.
std::vector<std::string> TrainingOptions::common_arguments(const std::vector<runs::SweepAxis>& varied) const {
  std::vector<std::string> own{"--out", "--overwrite", "--resume", "--json", "--jobs", "--seeds", "--threads"}, arguments;
  for (const auto& [setting, option] : options_) {
    if (std::ranges::count(varied, setting->key, &runs::SweepAxis::key) > 0) own.push_back(option->get_name(false, false));
  }
  std::vector<const CLI::Option*> all = command_->get_options();
  for (const auto& [setting, option] : options_) all.push_back(option);  // which are in groups of their own
  for (const CLI::Option* option : all) {
    const std::string name = option->get_name(false, false);
    if (option->count() == 0 || std::ranges::count(own, name) > 0) continue;
    if (option->get_items_expected_max() == 0) {  // a flag, whose value may be written behind it
      arguments.push_back(name + "=" + option->as<std::string>());
    } else if (option->get_delimiter() != '\0') {
      arguments.insert(arguments.end(), {name, CLI::detail::join(option->results(), ",")});
    } else {
      arguments.push_back(name);
      arguments.insert(arguments.end(), option->results().begin(), option->results().end());
    }
  }
  return arguments;
}

std::optional<runs::Sweep> TrainingOptions::find_sweep(const char* command) {
  runs::Sweep sweep{.command = command, .arguments = {}, .axes = axes()};
  const bool is_old = !out.empty() && runs::is_sweep(out);
  if (sweep.axes.empty() && !(is_old && resume)) return std::nullopt;
  TEMPER_CHECK(ranks().size() == 1, "--seeds: several ranks train one run at a time; give every setting one value");
  TEMPER_CHECK(!show_config, "--show-config: the settings have lists, and a run has one value of each; give one");
  TEMPER_CHECK(!out.empty(), "--out: missing; give a folder for the runs");
  TEMPER_CHECK(jobs >= 0 && jobs <= 1024, "--jobs: ", jobs, " is not allowed; give runs at a time, at least 1");
  sweep.arguments = common_arguments(sweep.axes);
  if (is_old && resume) {
    const runs::Sweep begun = runs::read_sweep(out);
    TEMPER_CHECK(begun.command == command, "--resume: the sweep in ", out, " was begun by temper ", begun.command,
                 "; resume it with that command");
    const bool repeated = !sweep.axes.empty() || !sweep.arguments.empty();
    TEMPER_CHECK(!repeated || sweep == begun, "--resume: the sweep in ", out,
                 " was begun with other options; give the same ones, or --out and --resume alone, or start another with another --out");
    return begun;
  }
  if (!overwrite && !resume) {
    TEMPER_CHECK(!is_old, out, ": it holds a sweep; give another --out, --resume to go on with it, or --overwrite to replace it");
  }
  TEMPER_CHECK(!std::filesystem::exists(std::filesystem::path(out) / "run.json"), out, ": it holds a run; give a sweep another --out");
  for (const runs::SweepPoint& point : runs::points(sweep)) {
    const training::Recipe recipe = settings(&point);
    if (teacher_ == Teacher::none) check_complete(recipe);
  }
  return sweep;
}

training::Recipe TrainingOptions::settings(const runs::SweepPoint* point) const {
  constexpr int kMostMinutes = 1'000'000;
  TEMPER_CHECK(checkpoint_every >= 0, "--checkpoint-every: ", checkpoint_every, " is not allowed; give steps, 0 or more");
  TEMPER_CHECK(checkpoint_minutes >= 0 && checkpoint_minutes <= kMostMinutes, "--checkpoint-minutes: ", checkpoint_minutes,
               " is not allowed; give minutes, 0 or more");
  TEMPER_CHECK(snapshot_every >= 0, "--snapshot-every: ", snapshot_every, " is not allowed; give epochs, 0 or more");
  TEMPER_CHECK(rank_timeout > 0, "--rank-timeout: ", rank_timeout, " is not allowed; give seconds, more than 0");
  training::Recipe result = checkpoint ? checkpoint->plan.recipe : finished_ ? finished_->recipe : training::Recipe::for_data(data);
  if (!recipe.empty()) {
    const training::NamedRecipe& named = training::named_recipe(recipe);
    TEMPER_CHECK(teacher_ == Teacher::wanted || !training::needs_teacher(named), "--recipe: ", recipe,
                 " learns from a teacher; use it with temper distill --teacher RUN");
    result = training::to_recipe(named);
  }
  const std::vector<std::string> in_file = config.empty() ? std::vector<std::string>{} : read_config(result);
  for (const auto& [setting, option] : options_) {
    const std::string* value = nullptr;
    for (const auto& [key, text] : point ? point->settings : decltype(point->settings){})
      if (key == setting->key) value = &text;
    if (value)
      setting->write(result, training::parse_value(*setting, *value));
    else
      set_given(result, *setting, *option);
  }
  if (!point) warn_of_useless(result, in_file);
  refuse_useless(result);
  check(result, in_file);
  return result;
}

// An option that would change nothing is a mistake.
void TrainingOptions::refuse_useless(const training::Recipe& result) const {
  for (const auto& [setting, option] : options_) {
    if (option->count() == 0) continue;
    TEMPER_CHECK(setting->applies_to(result, data), option->get_name(false, false), ": it is for ", setting->belongs_to(result, data),
                 "; leave it out");
    const bool of_labels = setting->key == "smoothing" || setting->key == "class_weight";
    TEMPER_CHECK(!of_labels || teacher_ == Teacher::none || result.distillation.beta < 1, option->get_name(false, false),
                 ": with --beta 1 the labels are ignored; leave it out, or give a --beta below 1");
  }
}

// A file may serve several runs, so that there it is none, unless its value says otherwise.
void TrainingOptions::warn_of_useless(const training::Recipe& result, const std::vector<std::string>& in_file) const {
  for (const training::Setting& setting : training::settings()) {
    const bool said = std::ranges::count(in_file, setting.key) > 0 && setting.read(result) != setting.read({});
    if (said && !setting.applies_to(result, data))
      warn(fmt::format("{}: {} is for {}; it changes nothing here", config, setting.key, setting.belongs_to(result, data)));
  }
}

std::vector<std::string> TrainingOptions::read_config(training::Recipe& result) const {
  training::SettingLists lists;  // over which are options, or the values of a sweep's run
  std::vector<std::string> keys = training::read_recipe(read_file(config), config, result, &lists);
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
    print("{}", Lines{training::write_recipe(settings, teacher_ == Teacher::wanted)});
    return true;
  }
  check_complete(settings);
  if (!checkpoint) runs::check_can_begin(out, overwrite);
  return false;
}

void TrainingOptions::check_complete(const training::Recipe& settings) const {
  TEMPER_CHECK(!data.empty(), "--data: missing; give ", data::list_specs());
  TEMPER_CHECK(!settings.model.empty(), "--model: missing; give a name that `temper models` lists, or a --recipe");
  TEMPER_CHECK(!out.empty(), "--out: missing; give a folder for the run");
  TEMPER_CHECK(!data::is_text(data) || settings.reads_text(), "--model: ", settings.model, " reads no text, ", data, " is text; give ",
               models::list_transformers());
  TEMPER_CHECK(data::is_text(data) || !settings.reads_text(), "--model: ", settings.model, " reads text, ", data,
               " is images; `temper models` lists what reads what");
}

void TrainingOptions::use_threads() const {
  ranks().timeout = rank_timeout;  // joins them: they share the cores
  if (threads) app::use_threads(threads);
}

tasks::DataOptions TrainingOptions::data_options() const {
  constexpr double kGiB = 1 << 30, kMost = 1 << 20;
  TEMPER_CHECK(memory_budget >= 0 && memory_budget <= kMost, "--memory-budget: ", memory_budget, " is not allowed; give GiB, 0 or more");
  return {.memory_budget = static_cast<std::uint64_t>(memory_budget * kGiB)};
}

}  // namespace temper::app
