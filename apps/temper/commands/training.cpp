#include "apps/temper/commands/training.h"

#include <fmt/format.h>

#include <csignal>

#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/stop_signal.h"
#include "core/base/number_text.h"
#include "models/tasks/train_run.h"

namespace temper::app {
namespace {

void print_teacher(const runs::TeacherRecord& teacher, const tasks::Task& task, double temperature, double accuracy) {
  note("teacher {}: {} of the {} right, gamma {:.4f} at T = {:.4g} (its equivalent label smoothing); {}\n", teacher.run, percent(accuracy),
       task.teacher_evaluation_data(), teacher.equivalent_smoothing, temperature,
       teacher.by_sample ? "its logits are computed once" : "its logits are computed anew for every batch");
}

void print_header(const runs::Run& record, const tasks::Task& task, Index steps_an_epoch) {
  const training::Recipe& r = record.recipe;
  note("{}: {}, {} of {}, smoothing {}, {} lr {}, weight decay {} ({} normalisation and biases), seed {}\n", record.data,
       task.describe_data(), counted(r.epochs, "epoch"), counted(steps_an_epoch, "step"), r.smoothing, r.optimizer, r.learning_rate,
       r.weight_decay, r.decay_norm_and_bias ? "also" : "not", r.seed);
}

void print_resumption(const TrainingOptions& options) {
  if (options.json || !options.resume) return;
  if (!options.checkpoint) {
    note("{}: there is no checkpoint yet; starting the run\n", options.out);
    return;
  }
  const training::RunState& state = options.checkpoint->state;
  note("{}: resumed in epoch {} after {}\n", options.out, state.epochs.size() + 1, counted(state.step, "step"));
}

}  // namespace

void train_and_print(const TrainingOptions& options, tasks::Task& task, const runs::Run& record) {
  const bool first = is_first_rank();
  TrainingProgress progress(task.unit());
  std::size_t epochs = 0;  // in all
  const tasks::TrainRunOptions how{.folder = options.out,
                                   .overwrite = options.overwrite,
                                   .resume = options.checkpoint ? &*options.checkpoint : nullptr,
                                   .checkpoint_every = options.checkpoint_every,
                                   .checkpoint_minutes = options.checkpoint_minutes,
                                   .snapshot_every = options.snapshot_every,
                                   .data = options.data_options(),
                                   .on_start =
                                       [&](const runs::Run& begun, Index steps_an_epoch) {
                                         epochs = static_cast<std::size_t>(begun.recipe.epochs);
                                         watch_stop_signals();
                                         warn_of_silent_ranks();
                                         if (!first) return;
                                         if (!options.json) print_header(begun, task, steps_an_epoch);
                                         print_resumption(options);
                                       },
                                   .on_teacher =
                                       [&](const runs::TeacherRecord& teacher, double accuracy) {
                                         if (first && !options.json)
                                           print_teacher(teacher, task, record.recipe.distillation.teacher_temperature, accuracy);
                                       },
                                   .observer = {.on_step =
                                                    [&](const training::Progress& p) {
                                                      if (first) progress.step(p);
                                                    },
                                                .on_epoch =
                                                    [&](const std::vector<training::EpochRecord>& done) {
                                                      if (first && !done.empty()) progress.epoch(done.back());
                                                      if (done.size() == epochs) progress.finish();
                                                    },
                                                .on_warning = warn,
                                                .stop = [] { return stop_signal() != 0; }}};
  try {
    const runs::Run finished = tasks::train_run(task, record, how, &ranks());
    if (first) print_run(options, finished);
  } catch (const training::Stopped& stopped) {
    progress.finish();
    const int signal = stop_signal() != 0 ? stop_signal() : SIGTERM;  // which another rank got
    throw StoppedBySignal(signal, fmt::format("{}: stopped in epoch {} after {}; resume with: temper {} --resume --out {}", options.out,
                                              stopped.epoch, counted(stopped.step, "step"), record.command, shell_path(options.out)));
  }
}

}  // namespace temper::app
