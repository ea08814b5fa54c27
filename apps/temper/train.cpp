// temper train

#include "apps/temper/commands.h"
#include "apps/temper/training_options.h"

namespace temper::app {
namespace {

void run(const TrainingOptions& options) {
  const training::Recipe recipe = options.recipe();
  options.use_threads();
  const data::Splits splits = data::load(options.data);
  const models::Model model =
      models::make_model(options.model, splits.train, recipe.seed, {.standardization = recipe.standardization, .crop = recipe.crop});
  train_and_keep(options, splits, model, {.command = "train", .data = options.data, .model = options.model, .recipe = recipe},
                 training::cross_entropy(recipe));
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Train a network and keep it as a run");
  auto options = std::make_shared<TrainingOptions>();
  command->add_option("--data", options->data, "digits (built in), mnist:DIR, cifar10:DIR or cifar100:DIR")->required()->type_name("SPEC");
  options->add_to(*command);
  command->footer(
      "Examples:\n"
      "  temper train --data digits --model cnn --out runs/hard\n"
      "  temper train --data mnist:DIR --model lenet --epochs 3 --smoothing 0.1 --out runs/lenet");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
