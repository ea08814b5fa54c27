#include "apps/temper/image_training.h"

#include <fmt/format.h>

#include "apps/temper/console.h"
#include "apps/temper/ranks.h"
#include "apps/temper/training_session.h"
#include "core/parallel.h"
#include "models/training/best_weights.h"
#include "models/training/image_objective.h"
#include "models/training/together.h"

namespace temper::app {

models::Model make_model(const training::Recipe& recipe, const data::Dataset& train) {
  models::Model model =
      models::make_model(recipe.model, train, recipe.seed, {.standardization = recipe.standardization, .crop = recipe.crop});
  model.views = recipe.views;
  training::check_rules(*model.parameters, recipe);
  return model;
}

namespace {

void print_header(const training::RunRecord& record, Index images, Index steps_an_epoch) {
  const training::Recipe& r = record.recipe;
  fmt::print(stderr,
             "{}: {} images, {} epochs of {} steps, smoothing {}, {} lr {}, weight decay {} ({} normalisation and biases), seed {}\n",
             record.data, grouped(images), r.epochs, steps_an_epoch, r.smoothing, r.optimizer, r.learning_rate,
             r.weight_decay, r.decay_norm_and_bias ? "also" : "not", r.seed);
}

}  // namespace

void train_and_keep(const TrainingOptions& options, const data::Splits& splits, const models::Model& model, training::RunRecord record,
                    const training::Loss& loss) {
  obey("--shift", [&] { data::check(record.recipe.augment, model.spec.image); });
  training::check_same_images(splits.test, ranks());
  TrainingSession session(options, plan_of(record, splits.train.fingerprint()));
  training::ImageObjective objective(model, splits.train, splits.val, record.recipe, loss, ranks());
  record.threads = threads();
  record.recipe = record.recipe.resolved(objective.batches());
  record.recipe.val_size = splits.val.size();
  if (is_first_rank() && !options.json) print_header(record, splits.train.size(), objective.batches());
  const std::vector<training::EpochRecord> epochs = session.train(objective, record.recipe);
  const models::PredictOptions evaluation{.views = model.views};
  const training::EpochRecord& kept = epochs[training::kept_epoch(epochs, record.recipe.keep)];
  record.kept_epoch = kept.epoch;
  record.val = model.views == models::Views::one ? kept.val
                                                 : calibration::metrics(training::predict_together(model, splits.val, evaluation, ranks()));
  const calibration::Predictions test = training::predict_together(model, splits.test, evaluation, ranks());
  if (!is_first_rank()) return;
  record.test = calibration::metrics(test);
  record.test_reliability = calibration::reliability(test);
  record.seconds = session.seconds();
  training::save_run(options.out, model, record);
  print_run(options, model.parameters->learned_size(), record);
}

}  // namespace temper::app
