#include "apps/temper/training_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>

#include "apps/temper/console.h"
#include "apps/temper/ranks.h"
#include "apps/temper/run_summary.h"
#include "apps/temper/setting_options.h"
#include "apps/temper/stop_signal.h"
#include "core/file.h"
#include "core/parallel.h"
#include "models/training/json.h"
#include "models/training/recipe_file.h"
#include "models/training/recipes.h"
#include "models/training/together.h"

namespace temper::app {
namespace {

std::string recipe_list() {
  std::string text = "Recipes (--recipe NAME):\n";
  for (const training::NamedRecipe& named : training::named_recipes()) text += fmt::format("  {:<21}{}\n", named.name, named.description);
  return text +
         "\nSettings that are not given come from --config, then --recipe, then what does well on the data; run.json keeps them all, and\n"
         "--show-config prints them.\n";
}

void print_run(const TrainingOptions& options, Index parameters, const training::RunRecord& record) {
  if (options.json) {
    const Json known{{"command", record.command}, {"out", options.out}, {"parameters", parameters}, {"seconds", record.seconds}};
    Json json = with_metrics(known, record.val, record.test);
    if (record.teacher) json["gamma"] = record.teacher->equivalent_smoothing;
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{}: {} of {} parameters, {:.1f} s on {} threads\n", options.out, record.model, grouped(parameters), record.seconds,
             record.threads);
  print_metrics(options.out, record.val, record.test);
}

void print_finished_run(const TrainingOptions& options) {
  const std::string path = (std::filesystem::path(options.out) / "run.json").string();
  try {
    const Json run = Json::parse(read_file(path));
    fmt::print(stderr, "{}: the run is finished; nothing is left to do\n", options.out);
    print_run(
        options, run.at("parameters"),
        {.command = run.at("command"),
         .data = {},
         .model = run.at("settings").at("model"),
         .recipe = {},
         .threads = run.at("settings").at("threads"),
         .teacher = run.contains("teacher")
                        ? std::optional(training::TeacherRecord{.equivalent_smoothing = run["teacher"].value("equivalent_smoothing", 0.0)})
                        : std::nullopt,
         .seconds = run.at("seconds"),
         .val = training::metrics(run.at("metrics").at("val")),
         .test = training::metrics(run.at("metrics").at("test"))});
  } catch (const std::exception& error) {
    throw Error(about(path, error.what(), "; it is damaged: train the model again with --overwrite"));
  }
}

}  // namespace

void TrainingOptions::add_to(CLI::App& command, Teacher teacher) {
  teacher_ = teacher;
  command.add_option("--out", out, "The folder to keep the run in: weights, log, settings and metrics")->type_name("RUN");
  command.add_flag("--overwrite", overwrite, "Replace the finished run that --out holds");
  command.add_flag(
      "--resume", resume,
      "Go on with the run in --out where its last checkpoint left it, with the settings that it was begun with; the result is\n"
      "the same to the bit. Begins a run of which there is no checkpoint yet");
  command.add_option("--checkpoint-every", checkpoint_every, "Steps between checkpoints, beside those at the end of every epoch (0: none)")
      ->type_name("STEPS");
  command.add_option("--checkpoint-minutes", checkpoint_minutes, "The same in minutes (default 10; 0: none)")->type_name("M");
  command
      .add_option("--rank-timeout", rank_timeout,
                  "Under mpirun or srun: seconds after which a rank that is silent ends the run (default 300)")
      ->type_name("S");
  command.add_flag("--json", json, "Print the result as one JSON object on stdout");
  command.add_option("--threads", threads, "Threads to compute on; the result is the same for any number (default: all cores)")
      ->type_name("N");
  command.add_option("--memory-budget", memory_budget, "GiB of decoded pictures to keep; the others are decoded anew (default 2)")
      ->type_name("X");
  command.add_option("--recipe", recipe, "Settings by name, see below (default: what does well on the data)")->type_name("NAME");
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
  TEMPER_CHECK(!out.empty(), "--out: which run is to go on?; give its folder");
  TEMPER_CHECK(!overwrite, "--resume: it goes on with what --overwrite would remove; give one of them");
  if (std::filesystem::exists(std::filesystem::path(out) / "run.json")) {
    if (is_first_rank()) print_finished_run(*this);
    return false;
  }
  checkpoint = training::Checkpoints(out).newest(warn);
  TEMPER_CHECK(checkpoint || can_begin, out, ": there is no checkpoint to go on from; begin the run with all its options");
  if (!checkpoint) return true;
  TEMPER_CHECK(checkpoint->plan.command == command, "--resume: the run in ", out, " was begun by temper ", checkpoint->plan.command,
               "; go on with that command");
  if (data.empty()) data = checkpoint->plan.data;
  return true;
}

training::Recipe TrainingOptions::settings() const {
  constexpr int kMostMinutes = 1'000'000;
  TEMPER_CHECK(checkpoint_every >= 0, "--checkpoint-every: ", checkpoint_every, " is not allowed; give steps, 0 or more");
  TEMPER_CHECK(checkpoint_minutes >= 0 && checkpoint_minutes <= kMostMinutes, "--checkpoint-minutes: ", checkpoint_minutes,
               " is not allowed; give minutes, 0 or more");
  TEMPER_CHECK(rank_timeout > 0, "--rank-timeout: ", rank_timeout, " is not allowed; give seconds, more than 0");
  training::Recipe result = checkpoint ? checkpoint->plan.recipe : training::Recipe::for_data(data.substr(0, data.find(':')));
  if (!recipe.empty()) {
    const training::NamedRecipe& named = training::named_recipe(recipe);
    TEMPER_CHECK(teacher_ == Teacher::wanted || !training::needs_teacher(named), "--recipe: ", recipe,
                 " learns from a teacher; use it with temper distill --teacher RUN");
    result = training::to_recipe(named);
  }
  const std::vector<std::string> in_file = config.empty() ? std::vector<std::string>{} : read_config(result);
  for (const auto& [setting, option] : options_) set_given(result, *setting, *option);
  check(result, in_file);
  return result;
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
      if (meant && option->count() == 0 && std::ranges::count(in_file, setting->key) > 0) throw Error(concat(config, ": ", message));
    }
    throw;
  }
}

bool TrainingOptions::show_settings(const training::Recipe& settings) const {
  if (show_config) {
    fmt::print("{}", training::write_recipe(settings, teacher_ == Teacher::wanted));
    return true;
  }
  TEMPER_CHECK(!data.empty(), "--data: what is there to train on?; give digits, mnist:DIR, cifar10:DIR, cifar100:DIR or folder:DIR");
  TEMPER_CHECK(!settings.model.empty(), "--model: which network?; give one that `temper models` lists, or a --recipe");
  TEMPER_CHECK(!out.empty(), "--out: where is the run to be kept?; give a folder");
  return false;
}

void TrainingOptions::use_threads() const {
  ranks().timeout = rank_timeout;  // joins them: they share the cores
  if (threads) obey("--threads", [&] { set_threads(threads); });
}

data::LoadOptions TrainingOptions::load_options(const training::Recipe& recipe) const {
  constexpr double kGiB = 1 << 30, kMost = 1 << 20;
  TEMPER_CHECK(memory_budget >= 0 && memory_budget <= kMost, "--memory-budget: ", memory_budget, " is not allowed; give GiB, 0 or more");
  return {.held_out = recipe.val_size,
          .image_size = recipe.image_size,
          .short_side = recipe.short_side,
          .skip_damaged = recipe.skip_damaged,
          .memory_budget = static_cast<std::uint64_t>(memory_budget * kGiB)};
}

models::Model make_model(const training::Recipe& recipe, const data::Dataset& train) {
  models::Model model =
      models::make_model(recipe.model, train, recipe.seed, {.standardization = recipe.standardization, .crop = recipe.crop});
  model.views = recipe.views;
  training::check_rules(*model.parameters, recipe);
  return model;
}

namespace {

void print_header(const training::RunRecord& record, Index images) {
  const training::Recipe& r = record.recipe;
  fmt::print(stderr,
             "{}: {} images, {} epochs of {} steps, smoothing {}, {} lr {}, weight decay {} ({} normalisation and biases), seed {}\n",
             record.data, grouped(images), r.epochs, (images + r.batch - 1) / r.batch, r.smoothing, training::name(r.optimizer),
             r.learning_rate, r.weight_decay, r.decay_norm_and_bias ? "also" : "not", r.seed);
}

void print_resumption(const TrainingOptions& options) {
  if (options.json || !options.resume) return;
  if (!options.checkpoint) {
    fmt::print(stderr, "{}: there is no checkpoint yet; the run begins at its start\n", options.out);
    return;
  }
  const training::RunState& state = options.checkpoint->state;
  fmt::print(stderr, "{}: goes on in epoch {} after {} steps\n", options.out, state.epochs.size() + 1, grouped(state.step));
}

// What the run is, which a checkpoint must agree with.
training::RunPlan plan_of(const training::RunRecord& record, const data::Dataset& train) {
  training::RunPlan plan{.command = record.command, .data = record.data, .training_images = train.fingerprint(), .recipe = record.recipe};
  if (record.teacher) {
    const training::TeacherRecord& teacher = *record.teacher;
    plan.teachers = teacher.runs;
    if (teacher.runs.empty()) plan.teacher_file = {teacher.run, teacher.probabilities};
    plan.teachers_fingerprint = teacher.fingerprint;
  }
  return plan;
}

// train(), with the run's log written, progress shown, and signals obeyed.
std::vector<training::EpochRecord> train_in_sight(const TrainingOptions& options, const data::Splits& splits, const models::Model& model,
                                                  const training::Recipe& recipe, const training::Loss& loss,
                                                  const training::RunPlan& plan) {
  TrainingProgress progress;
  const bool first = is_first_rank();
  watch_stop_signals();
  warn_of_silent_ranks();
  try {
    const auto epochs = training::train(model, splits.train, splits.val, recipe, loss,
                                        {.on_step =
                                             [&](const training::Progress& p) {
                                               if (first) progress.step(p);
                                             },
                                         .on_epoch =
                                             [&](const std::vector<training::EpochRecord>& done) {
                                               if (!first) return;
                                               if (!done.empty()) progress.epoch(done.back());
                                               training::write_log(options.out, done);
                                             },
                                         .on_warning = warn,
                                         .stop = [] { return stop_signal() != 0; }},
                                        {.run = options.out,
                                         .plan = plan,
                                         .every_steps = options.checkpoint_every,
                                         .every_seconds = 60 * options.checkpoint_minutes,
                                         .resume = options.checkpoint ? &*options.checkpoint : nullptr},
                                        &ranks());
    progress.finish();
    return epochs;
  } catch (const training::Stopped& stopped) {
    progress.finish();
    const int signal = stop_signal() != 0 ? stop_signal() : SIGTERM;  // which another rank got
    throw StoppedBySignal(signal, fmt::format("{}: stopped in epoch {} after {} steps; go on with: temper {} --resume --out {}",
                                              options.out, stopped.epoch, grouped(stopped.step), plan.command, options.out));
  }
}

}  // namespace

void train_and_keep(const TrainingOptions& options, const data::Splits& splits, const models::Model& model, training::RunRecord record,
                    const training::Loss& loss) {
  obey("--shift", [&] { data::check(record.recipe.augment, model.spec.image); });
  training::check_same_images(splits.test, ranks());
  const training::RunPlan plan = plan_of(record, splits.train);
  if (options.checkpoint) training::check_same(options.checkpoint->plan, plan);
  std::optional<FolderLock> lock;
  if (is_first_rank()) {
    lock.emplace(options.checkpoint ? training::continue_run(options.out) : training::begin_run(options.out, options.overwrite));
  }
  record.threads = threads();
  record.recipe = record.recipe.resolved(splits.train.size());
  record.recipe.val_size = splits.val.size();
  const auto start = std::chrono::steady_clock::now();
  if (is_first_rank() && !options.json) print_header(record, splits.train.size());
  if (is_first_rank()) print_resumption(options);
  const std::vector<training::EpochRecord> epochs = train_in_sight(options, splits, model, record.recipe, loss, plan);
  const models::PredictOptions evaluation{.views = model.views};
  record.val = model.views == models::Views::one ? epochs.back().val
                                                 : calibration::metrics(training::predict_together(model, splits.val, evaluation, ranks()));
  const calibration::Predictions test = training::predict_together(model, splits.test, evaluation, ranks());
  if (!is_first_rank()) return;
  record.test = calibration::metrics(test);
  record.test_reliability = calibration::reliability(test);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (options.checkpoint) record.seconds += options.checkpoint->state.seconds;
  training::save_run(options.out, model, record);
  print_run(options, model.parameters->learned_size(), record);
}

}  // namespace temper::app
