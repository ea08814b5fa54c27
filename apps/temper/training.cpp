#include "apps/temper/training.h"

#include <fmt/format.h>

#include "apps/temper/console.h"
#include "apps/temper/ranks.h"
#include "apps/temper/training_session.h"
#include "core/parallel.h"
#include "models/training/best_weights.h"

namespace temper::app {
namespace {

void study_teachers(const TrainingOptions& options, tasks::Task& task, const training::Recipe& recipe, training::TeacherRecord& teacher) {
  const double accuracy = task.study_teachers(recipe, teacher);
  if (options.json || !is_first_rank()) return;
  fmt::print(stderr, "teacher {}: {} of the {} right, gamma {:.4f} at T = {:.4g} (its equivalent label smoothing); {}\n", teacher.run,
             percent(accuracy), task.studied(), teacher.equivalent_smoothing, teacher.distillation.temperature,
             teacher.by_sample ? "its logits are computed once" : "its logits are computed anew for every batch");
}

void print_header(const training::RunRecord& record, const tasks::Task& task, Index steps_an_epoch) {
  const training::Recipe& r = record.recipe;
  fmt::print(stderr, "{}: {}, {} epochs of {} steps, smoothing {}, {} lr {}, weight decay {} ({} normalisation and biases), seed {}\n",
             record.data, task.describe_data(), r.epochs, steps_an_epoch, r.smoothing, r.optimizer, r.learning_rate, r.weight_decay,
             r.decay_norm_and_bias ? "also" : "not", r.seed);
}

}  // namespace

void train_and_keep(const TrainingOptions& options, tasks::Task& task, training::RunRecord record) {
  task.load_data(record.data, record.recipe, options.data_options());
  task.make_model(record.recipe);
  if (record.teacher) study_teachers(options, task, record.recipe, *record.teacher);
  task.check_ranks(ranks());
  const std::unique_ptr<training::Objective> objective = task.make_objective(record.recipe, ranks());
  TrainingSession session(options, plan_of(record, task.data_fingerprint()));
  record.threads = threads();
  record.recipe = record.recipe.resolved(objective->batches());
  if (is_first_rank() && !options.json) print_header(record, task, objective->batches());
  const std::vector<training::EpochRecord> epochs = session.train(*objective, record.recipe);
  const training::EpochRecord& kept = epochs[training::kept_epoch(epochs, record.recipe.keep)];
  record.kept_epoch = kept.epoch;
  task.measure_run(record, &kept.val, ranks());
  if (!is_first_rank()) return;
  record.seconds = session.seconds();
  task.save(options.out, record);
  print_run(options, task.parameters(), record, task.score());
}

}  // namespace temper::app
