#include "apps/temper/training_session.h"

#include <fmt/format.h>

#include <csignal>
#include <utility>

#include "apps/temper/console.h"
#include "apps/temper/ranks.h"
#include "apps/temper/stop_signal.h"
#include "models/training/snapshots.h"

namespace temper::app {
namespace {

using training::EpochRecord;

void print_resumption(const TrainingOptions& options) {
  if (options.json || !options.resume) return;
  if (!options.checkpoint) {
    fmt::print(stderr, "{}: there is no checkpoint yet; the run begins at its start\n", options.out);
    return;
  }
  const training::RunState& state = options.checkpoint->state;
  fmt::print(stderr, "{}: goes on in epoch {} after {} steps\n", options.out, state.epochs.size() + 1, grouped(state.step));
}

}  // namespace

training::RunPlan plan_of(const training::RunRecord& record, std::string data) {
  training::RunPlan plan{.command = record.command, .data = record.data, .training_data = std::move(data), .recipe = record.recipe};
  if (record.teacher) {
    const training::TeacherRecord& teacher = *record.teacher;
    plan.teachers = teacher.runs;
    if (teacher.runs.empty()) plan.teacher_file = {teacher.run, teacher.probabilities};
    plan.teachers_fingerprint = teacher.fingerprint;
  }
  return plan;
}

TrainingSession::TrainingSession(const TrainingOptions& options, training::RunPlan plan) : options_(options), plan_(std::move(plan)) {
  if (options.checkpoint) training::check_same(options.checkpoint->plan, plan_);
  if (is_first_rank())
    lock_.emplace(options.checkpoint ? training::continue_run(options.out) : training::begin_run(options.out, options.overwrite));
  start_ = std::chrono::steady_clock::now();
}

std::vector<EpochRecord> TrainingSession::train(training::Objective& objective, const training::Recipe& recipe) {
  const bool first = is_first_rank();
  if (first) print_resumption(options_);
  const std::string unit = objective.unit();
  std::size_t before = options_.checkpoint ? options_.checkpoint->state.epochs.size() : 0;  // epochs that are no news
  TrainingProgress progress(unit);
  const training::Observer observer{.on_step =
                                        [&](const training::Progress& p) {
                                          if (first) progress.step(p);
                                        },
                                    .on_epoch =
                                        [&](const std::vector<EpochRecord>& done) {
                                          if (!first) return;
                                          if (!done.empty()) progress.epoch(done.back());
                                          training::write_log(options_.out, done, unit);
                                          if (std::exchange(before, done.size()) == done.size() || options_.snapshot_every == 0) return;
                                          if (done.back().epoch % options_.snapshot_every == 0)
                                            training::save_snapshot(options_.out, objective.parameters(), done.back().epoch);
                                        },
                                    .on_warning = warn,
                                    .stop = [] { return stop_signal() != 0; }};
  const training::Checkpointing checkpointing{.run = options_.out,
                                              .plan = plan_,
                                              .every_steps = options_.checkpoint_every,
                                              .every_seconds = 60 * options_.checkpoint_minutes,
                                              .resume = options_.checkpoint ? &*options_.checkpoint : nullptr};
  watch_stop_signals();
  warn_of_silent_ranks();
  try {
    const auto epochs = training::train(objective, recipe, observer, checkpointing, &ranks());
    progress.finish();
    return epochs;
  } catch (const training::Stopped& stopped) {
    progress.finish();
    const int signal = stop_signal() != 0 ? stop_signal() : SIGTERM;  // which another rank got
    throw StoppedBySignal(signal, fmt::format("{}: stopped in epoch {} after {} steps; go on with: temper {} --resume --out {}",
                                              options_.out, stopped.epoch, grouped(stopped.step), plan_.command, options_.out));
  }
}

double TrainingSession::seconds() const {
  const double here = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  return here + (options_.checkpoint ? options_.checkpoint->state.seconds : 0);
}

}  // namespace temper::app
