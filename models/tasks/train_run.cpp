#include "models/tasks/train_run.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/file.h"
#include "core/engine/parallel.h"
#include "models/runs/log_file.h"
#include "models/runs/run_folder.h"
#include "models/runs/step_log.h"
#include "models/training/best_weights.h"
#include "models/training/effect.h"
#include "models/training/snapshots.h"

namespace temper::tasks {
namespace {

using training::EpochRecord;

// What the run is, which a checkpoint must agree with.
training::RunPlan make_plan(const runs::Run& record, std::string data_fingerprint) {
  training::RunPlan plan{
      .command = record.command, .data = record.data, .training_data = std::move(data_fingerprint), .recipe = record.recipe};
  if (record.teacher) {
    const runs::TeacherRecord& teacher = *record.teacher;
    plan.teachers = teacher.runs;
    if (teacher.runs.empty()) plan.teacher_file = {teacher.run, teacher.probabilities};
    plan.teachers_fingerprint = teacher.fingerprint;
  }
  return plan;
}

// The caller's observer, and in front of it what the folder gets to see.
training::Observer keep_logs(const TrainRunOptions& options, const runs::Run& record, training::Objective& objective, bool writes) {
  training::Observer observer = options.observer;
  observer.on_epoch = [&, writes, unit = objective.unit(),
                       known = options.resume ? options.resume->state.epochs.size() : 0](const std::vector<EpochRecord>& done) mutable {
    if (writes) runs::write_log(options.folder, done, unit);
    const bool is_new = std::exchange(known, done.size()) != done.size();
    if (writes && is_new && options.snapshot_every > 0 && done.back().epoch % options.snapshot_every == 0)
      training::save_snapshot(options.folder, objective.parameters(), done.back().epoch);
    options.observer.on_epoch(done);
  };
  if (writes && record.recipe.log_steps > 0) {
    const auto log = std::make_shared<runs::StepLog>(options.folder, record.recipe.log_steps, objective.unit(),
                                                     options.resume ? options.resume->state.step : 0);
    observer.on_step = [&options, log](const training::Progress& progress) {
      log->step(progress);
      options.observer.on_step(progress);
    };
  }
  return observer;
}

}  // namespace

runs::Run train_run(Task& task, runs::Run record, const TrainRunOptions& options, optim::Communicator* given_ranks) {
  optim::SingleProcess single_process;
  optim::Communicator& ranks = given_ranks ? *given_ranks : single_process;
  const bool writes = ranks.rank() == 0;

  task.load_data(record.data, record.recipe, options.data);
  task.make_model(record.recipe);
  if (record.teacher) {
    const double accuracy = task.evaluate_teachers(record.recipe, *record.teacher);
    options.on_teacher(*record.teacher, accuracy);
  }
  task.check_ranks(ranks);
  const std::unique_ptr<training::Objective> objective = task.make_objective(record.recipe, ranks);
  const training::RunPlan plan = make_plan(record, task.data_fingerprint());
  training::check_effect(record.recipe, objective->batches());
  if (options.resume) training::check_same(options.resume->plan, plan, objective->batches());
  for (const std::string& doubt : training::doubts(record.recipe, objective->batches(), objective->parameters()))
    if (writes) options.observer.on_warning(doubt);
  std::optional<FolderLock> lock;
  if (writes) lock.emplace(options.resume ? runs::continue_run(options.folder) : runs::begin_run(options.folder, options.overwrite));

  const auto start = std::chrono::steady_clock::now();
  record.threads = threads();
  record.recipe = record.recipe.resolved(objective->batches());
  options.on_start(record, objective->batches());
  const std::vector<EpochRecord> epochs = training::train(*objective, record.recipe, keep_logs(options, record, *objective, writes),
                                                          {.run = options.folder,
                                                           .plan = plan,
                                                           .every_steps = options.checkpoint_every,
                                                           .every_seconds = 60 * options.checkpoint_minutes,
                                                           .resume = options.resume},
                                                          &ranks);
  const EpochRecord& kept = epochs[training::kept_epoch(epochs, record.recipe.keep)];
  record.kept_epoch = kept.epoch;
  task.measure_run(record, &kept.val, ranks);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (options.resume) record.seconds += options.resume->state.seconds;
  if (writes) {
    runs::remove_results(options.folder);  // of a run that was made longer
    task.save(options.folder, record);
  }
  return record;
}

}  // namespace temper::tasks
