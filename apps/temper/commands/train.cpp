// temper train

#include "apps/temper/commands/commands.h"
#include "apps/temper/commands/sweep.h"
#include "apps/temper/commands/training.h"
#include "apps/temper/terminal/console.h"
#include "data/sources.h"
#include "models/tasks/tasks.h"

namespace temper::app {
namespace {

void run(TrainingOptions& options) {
  if (const auto sweep = options.find_sweep("train")) return run_sweep(options, *sweep);
  options.find_run("train", !options.data.empty());
  const training::Recipe recipe = options.settings();
  if (options.is_finished(recipe) || options.show_settings(recipe)) return;
  options.use_threads();
  const std::unique_ptr<tasks::Task> task = tasks::make_task(recipe);
  task->reporter = terminal_reporter();
  train_and_print(options, *task, {.command = "train", .data = options.data, .recipe = recipe});
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand("train", "Train a network and save it as a run");
  auto options = std::make_shared<TrainingOptions>();
  command->add_option("--data", options->data, data::list_specs() + "; `temper data` says what they are")->type_name("SPEC");
  options->add_to(*command, Teacher::none);
  command->footer(
      command->get_footer() +
      "\nText: DIR holds train.en and train.de, and perhaps val.* (valid.*, dev.*) and test.* (test_2016_flickr.*), a sentence a\n"
      "line, as `data/fetch.sh multi30k DIR` leaves them; or give two files and, with --val-text and --test-text, two more of\n"
      "each. Parts that are missing are held out of the training pairs. Subwords are learned from them, or are those of\n"
      "--subwords; the run keeps them.\n"
      "\nExamples:\n"
      "  temper train --data digits --model cnn --out runs/hard\n"
      "  temper train --data mnist:DIR --model lenet --epochs 3 --smoothing 0.1 --out runs/lenet\n"
      "  temper train --data cifar10:DIR --recipe fast-resnet --seed 2 --out runs/resnet\n"
      "  temper train --data folder:photos --model resnet20 --image-size 64 --contrast 0.4 --out runs/photos\n"
      "  temper train --data text:DIR --recipe multi30k --out runs/translator\n"
      "  temper train --data text:a.en,a.de --model transformer_small --smoothing 0.1 --epochs 20 --out runs/a\n"
      "  temper train --resume --out runs/resnet\n"
      "  temper train --data digits --model cnn --smoothing 0,0.05,0.1 --seeds 1..3 --out runs/sweep\n"
      "  temper train --recipe fast-resnet --show-config >mine.toml; temper train --config mine.toml ...");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
