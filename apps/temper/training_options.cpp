#include "apps/temper/training_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "apps/temper/console.h"
#include "core/file.h"
#include "core/parallel.h"
#include "models/training/json.h"
#include "models/training/recipe_file.h"
#include "models/training/recipes.h"

namespace temper::app {
namespace {

// Adds the option of a setting, whatever its kind.
CLI::Option* add_option(CLI::App& group, const training::Setting& setting) {
  const training::Value usual = setting.read({});
  if (std::holds_alternative<bool>(usual) || setting.option.find('{') != std::string::npos)
    return group.add_flag(setting.option)->description(setting.help);
  CLI::Option* option = group.add_option(setting.option)->description(setting.help)->type_name(setting.type_name);
  constexpr int kMost = 1000;
  const bool list = usual.index() > training::Value(std::string()).index();
  return list ? option->delimiter(',')->expected(1, kMost)->allow_extra_args(false) : option;
}

// What the option was given, as the kind of value that the setting has.
training::Value given_value(const training::Setting& setting, const CLI::Option& option) {
  return std::visit([&]<class T>(const T&) { return training::Value(option.as<T>()); }, setting.read({}));
}

std::string recipe_list() {
  std::string text = "Recipes (--recipe NAME):\n";
  for (const training::NamedRecipe& named : training::named_recipes()) text += fmt::format("  {:<21}{}\n", named.name, named.description);
  return text +
         "\nSettings that are not given come from --config, then --recipe, then what does well on the data; run.json keeps them all, and\n"
         "--show-config prints them.\n";
}

}  // namespace

void TrainingOptions::add_to(CLI::App& command, Teacher teacher) {
  teacher_ = teacher;
  command.add_option("--out", out, "The folder to keep the run in: weights, log, settings and metrics")->type_name("RUN");
  command.add_flag("--overwrite", overwrite, "Replace the finished run that --out holds");
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

training::Recipe TrainingOptions::settings() const {
  training::Recipe result = training::Recipe::for_data(data.substr(0, data.find(':')));
  if (!recipe.empty()) {
    const training::NamedRecipe& named = training::named_recipe(recipe);
    TEMPER_CHECK(teacher_ == Teacher::wanted || !training::needs_teacher(named), "--recipe: ", recipe,
                 " learns from a teacher; use it with temper distill --teacher RUN");
    result = training::to_recipe(named);
  }
  const std::vector<std::string> in_file = config.empty() ? std::vector<std::string>{} : read_config(result);
  for (const auto& [setting, option] : options_) {
    if (option->count() == 0) continue;
    obey(option->get_name(false, false).c_str(), [&] { setting->write(result, given_value(*setting, *option)); });
  }
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

void print_run(const TrainingOptions& options, const models::Model& model, const training::RunRecord& record) {
  const calibration::Metrics& test = record.test;
  if (options.json) {
    Json json{
        {"command", record.command}, {"out", options.out}, {"parameters", model.parameters->learned_size()}, {"seconds", record.seconds}};
    json.update(training::to_json(test));
    json["temperature"] = 1.0;
    json["val"] = training::to_json(record.val);
    if (record.teacher) json["gamma"] = record.teacher->equivalent_smoothing;
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{}: {} of {} parameters, {} s on {} threads\n", options.out, record.model, grouped(model.parameters->learned_size()),
             fmt::format("{:.1f}", record.seconds), record.threads);
  for (const auto& [split, m] : {std::pair{"val", record.val}, std::pair{"test", test}}) {
    fmt::print("  {} ({} images): accuracy {}, NLL {:.4f}, ECE {:.4f}, Brier {:.4f}\n", split, grouped(m.samples), percent(m.accuracy),
               m.nll, m.ece, m.brier);
  }
  fmt::print("  next: temper calibrate {0}; temper report {0}\n", options.out);
}

}  // namespace

void train_and_keep(const TrainingOptions& options, const data::Splits& splits, const models::Model& model, training::RunRecord record,
                    const training::Loss& loss) {
  obey("--shift", [&] { data::check(record.recipe.augment, model.spec.image); });
  training::begin_run(options.out, options.overwrite);
  record.threads = threads();
  record.recipe = record.recipe.resolved(splits.train.size());
  record.recipe.val_size = splits.val.size();
  const auto start = std::chrono::steady_clock::now();
  if (!options.json) {
    const training::Recipe& r = record.recipe;
    fmt::print(stderr,
               "{}: {} images, {} epochs of {} steps, smoothing {}, {} lr {}, weight decay {} ({} normalisation and biases), seed {}\n",
               record.data, grouped(splits.train.size()), r.epochs, (splits.train.size() + r.batch - 1) / r.batch, r.smoothing,
               training::name(r.optimizer), r.learning_rate, r.weight_decay, r.decay_norm_and_bias ? "also" : "not", r.seed);
  }
  TrainingProgress progress;
  std::vector<training::EpochRecord> epochs;
  training::train(model, splits.train, splits.val, record.recipe, loss,
                  {.on_step = [&](const training::Progress& p) { progress.step(p); },
                   .on_epoch =
                       [&](const training::EpochRecord& epoch) {
                         progress.epoch(epoch);
                         epochs.push_back(epoch);
                         training::write_log(options.out, epochs);
                       },
                   .on_warning = warn});
  progress.finish();
  record.val = model.views == models::Views::one ? epochs.back().val : calibration::metrics(models::predict(model, splits.val));
  const calibration::Predictions test = models::predict(model, splits.test);
  record.test = calibration::metrics(test);
  record.test_reliability = calibration::reliability(test);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  training::save_run(options.out, model, record);
  print_run(options, model, record);
}

}  // namespace temper::app
