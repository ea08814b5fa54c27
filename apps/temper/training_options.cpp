#include "apps/temper/training_options.h"

#include <fmt/format.h>

#include <chrono>

#include "apps/temper/console.h"
#include "core/parallel.h"
#include "models/training/json.h"

namespace temper::app {

void TrainingOptions::add_to(CLI::App& command) {
  command.add_option("--model", model, "The network; `temper models` lists them")->required()->type_name("NAME");
  command.add_option("--out", out, "The folder to keep the run in: weights, log, settings and metrics")->required()->type_name("RUN");
  command.add_flag("--overwrite", overwrite, "Replace the finished run that --out holds");
  command.add_flag("--json", json, "Print the result as one JSON object on stdout");
  command.add_option("--threads", threads, "Threads to compute on; the result is the same for any number (default: all cores)")
      ->type_name("N");

  const auto group = [&](const char* name) { return command.add_option_group(name, ""); };
  CLI::App* recipe = group("Recipe (defaults depend on the data and are kept in run.json)");
  recipe
      ->add_option("--smoothing", smoothing, "Label smoothing alpha in [0,1]: the share of the target spread over all classes (default 0)")
      ->type_name("A");
  recipe->add_option("--epochs", epochs, "Passes over the training images")->type_name("N");
  recipe->add_option("--batch", batch, "Images a step")->type_name("N");
  recipe->add_option("--seed", seed, "Of weights, order, augmentation and dropout (default 1)")->type_name("S");
  recipe->add_option("--optimizer", optimizer, "sgd or adamw")->type_name("NAME");
  recipe->add_option("--lr", learning_rate, "Highest learning rate")->type_name("R");
  recipe->add_option("--schedule", schedule, "How the rate falls: cosine, linear, step or constant")->type_name("NAME");
  recipe->add_option("--warm-up", warm_up, "Epochs in which the rate rises first")->type_name("E");
  recipe->add_option("--milestones", milestones, "Epochs at which --schedule step divides the rate by ten")
      ->delimiter(',')
      ->type_name("E,E,...");
  recipe->add_option("--momentum", momentum, "Of SGD")->type_name("M");
  recipe->add_flag("--nesterov,!--no-nesterov", nesterov, "Nesterov's form of momentum");
  recipe->add_option("--dampening", dampening, "Of SGD's momentum")->type_name("D");
  recipe->add_option("--weight-decay", weight_decay, "L2 with SGD, decoupled with AdamW")->type_name("W");
  recipe->add_flag("--decay-norm-and-bias,!--no-decay-norm-and-bias", decay_norm_and_bias, "Decay normalisation parameters and biases too");
  recipe->add_option("--clip", clip, "Largest global norm of the gradient; 0: no limit")->type_name("X");
  recipe->add_option("--shift", shift, "Augmentation: move images at random by up to so many pixels")->type_name("P");
  recipe->add_flag("--flip,!--no-flip", flip, "Augmentation: mirror images at random");
  recipe->add_option("--crop", crop, "Side of the square that the network sees: at random in training, the middle in evaluation")
      ->type_name("P");
  recipe->add_option("--standardize", standardize, "By channel, over the training set, or each image by itself: channel or image")
      ->type_name("NAME");
}

training::Recipe TrainingOptions::recipe() const {
  training::Recipe recipe = training::Recipe::for_data(data.substr(0, data.find(':')));
  const auto set = [](auto& setting, const auto& option) {
    if (option) setting = *option;
  };
  set(recipe.epochs, epochs);
  set(recipe.batch, batch);
  set(recipe.smoothing, smoothing);
  set(recipe.learning_rate, learning_rate);
  set(recipe.momentum, momentum);
  set(recipe.dampening, dampening);
  set(recipe.weight_decay, weight_decay);
  set(recipe.clip_norm, clip);
  set(recipe.warm_up_epochs, warm_up);
  set(recipe.nesterov, nesterov);
  set(recipe.decay_norm_and_bias, decay_norm_and_bias);
  if (flip) recipe.augment.flip = *flip ? data::Flip::random : data::Flip::none;
  set(recipe.crop, crop);
  if (standardize) obey("--standardize", [&] { recipe.standardization = data::standardization(*standardize); });
  set(recipe.augment.shift, shift);
  set(recipe.milestones, milestones);
  set(recipe.seed, seed);
  if (optimizer) recipe.optimizer = training::optimizer_kind(*optimizer);
  if (schedule) obey("--schedule", [&] { recipe.schedule = optim::schedule_kind(*schedule); });
  recipe.check();
  return recipe;
}

void TrainingOptions::use_threads() const {
  if (threads) obey("--threads", [&] { set_threads(threads); });
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
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{}: {} of {} parameters, {} s on {} threads\n", options.out, record.model, grouped(model.parameters->learned_size()),
             fmt::format("{:.1f}", record.seconds), record.threads);
  fmt::print("  test ({} images): accuracy {}, NLL {:.4f}, ECE {:.4f}, Brier {:.4f}\n", grouped(test.samples), percent(test.accuracy),
             test.nll, test.ece, test.brier);
  fmt::print("  next: temper calibrate {0}; temper report {0}\n", options.out);
}

}  // namespace

void train_and_keep(const TrainingOptions& options, const data::Splits& splits, const models::Model& model, training::RunRecord record,
                    const training::Loss& loss) {
  obey("--shift", [&] { data::check(record.recipe.augment, model.spec.image); });
  training::begin_run(options.out, options.overwrite);
  record.threads = threads();
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
  record.val = epochs.back().val;
  const calibration::Predictions test = models::predict(model, splits.test);
  record.test = calibration::metrics(test);
  record.test_reliability = calibration::reliability(test);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  training::save_run(options.out, model, record);
  print_run(options, model, record);
}

}  // namespace temper::app
