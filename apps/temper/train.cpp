// temper train

#include "apps/temper/commands.h"
#include "apps/temper/data_loading.h"
#include "apps/temper/training_options.h"

namespace temper::app {
namespace {

void run(TrainingOptions& options) {
  if (!options.find_checkpoint("train", !options.data.empty())) return;
  const training::Recipe recipe = options.settings();
  if (options.show_settings(recipe)) return;
  options.use_threads();
  const data::Splits splits = load_data(options.data, options.load_options(recipe));
  const models::Model model = make_model(recipe, splits.train);
  train_and_keep(options, splits, model, {.command = "train", .data = options.data, .model = recipe.model, .recipe = recipe},
                 training::cross_entropy(recipe));
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Train a network and keep it as a run");
  auto options = std::make_shared<TrainingOptions>();
  command->add_option("--data", options->data, "digits (built in), mnist:DIR, cifar10:DIR, cifar100:DIR or folder:DIR")->type_name("SPEC");
  options->add_to(*command, Teacher::none);
  command->footer(command->get_footer() +
                  "\nExamples:\n"
                  "  temper train --data digits --model cnn --out runs/hard\n"
                  "  temper train --data mnist:DIR --model lenet --epochs 3 --smoothing 0.1 --out runs/lenet\n"
                  "  temper train --data cifar10:DIR --recipe fast-resnet --seed 2 --out runs/resnet\n"
                  "  temper train --data folder:photos --model resnet20 --image-size 64 --contrast 0.4 --out runs/photos\n"
                  "  temper train --resume --out runs/resnet\n"
                  "  temper train --recipe fast-resnet --show-config >mine.toml; temper train --config mine.toml ...");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
