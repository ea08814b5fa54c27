#include "models/training/trainer.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <sstream>

#include "core/engine/batch_statistics_exchange.h"
#include "core/engine/inference_scope.h"
#include "core/engine/machine.h"
#include "core/engine/tape.h"
#include "core/ops/elementwise.h"
#include "layers/random_scope.h"
#include "models/training/best_weights.h"
#include "models/training/divergence.h"
#include "models/training/effect.h"
#include "models/training/image_objective.h"
#include "models/training/optimizer.h"
#include "models/training/recipe_file.h"
#include "optim/clip.h"
#include "optim/distributed/gradient_sync.h"
#include "optim/distributed/sync_batch_norm_runner.h"

namespace temper::training {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// What one run keeps between its steps.
class Run {
 public:
  Run(Objective& objective, const Recipe& recipe, const Observer& observer, const Checkpointing& checkpointing, optim::Communicator& ranks)
      : objective_(objective),
        store_(objective.parameters()),
        recipe_(recipe),
        observer_(observer),
        checkpointing_(checkpointing),
        ranks_(ranks),
        checkpoints_(checkpointing.run),
        sharding_(objective.sharding()),
        optimizer_(make_optimizer(store_, recipe)),
        schedule_(make_schedule(recipe, objective.batches())),
        factors_(store_, recipe),
        averaging_(store_, recipe, total_steps(recipe, objective.batches())),
        best_(store_, recipe.keep) {
    if (sharding_.shards > 1) sync_.emplace(store_, ranks, optim::SyncOptions{.shards = sharding_.shards});
    if (sync_ && recipe.sync_batch_norm) runner_.emplace(store_, ranks, sharding_.shards);
    if (checkpointing.resume) {
      restore(*checkpointing.resume);
    } else {
      save();  // from here on the run can be resumed, and whether it can be written is known before hours have passed
    }
  }

  std::vector<EpochRecord> to_the_end() {
    while (epoch() < recipe_.epochs && !out_of_patience(state_.epochs, recipe_.patience)) {
      rest_of_epoch();
      // A run whose last step is within an epoch can be made longer from here, as if there had been no end.
      const bool whole = state_.batches == objective_.batches();
      if (!whole) save();
      evaluate();
      if (whole) save();
    }
    averaging_.exchange();
    best_.copy_back();
    return std::move(state_.epochs);
  }

 private:
  Index epoch() const { return static_cast<Index>(state_.epochs.size()); }  // that runs, from 0

  void rest_of_epoch() {
    factors_.begin_epoch(epoch());
    if (state_.batches == 0) state_.running = {.learning_rate = schedule_.at(state_.step)};
    const auto start = Clock::now();
    const double seconds_before = state_.running.seconds;
    objective_.begin_epoch(epoch(), state_.batches);
    while (state_.step < schedule_.total) {  // which may be in the middle of an epoch: Recipe::steps
      const std::optional<optim::BatchSums> batch = compute_gradient();
      if (!batch) break;
      update(*batch);
      state_.running.seconds = seconds_before + seconds_since(start);
      observer_.on_step(progress(batch->loss / batch->samples));
      if (sync_ ? batch->stop : observer_.stop()) {
        save();
        throw Stopped(state_);
      }
      if (checkpoint_due()) save();
    }
  }

  void evaluate() {
    averaging_.exchange();
    EpochRecord record = state_.running.record(epoch() + 1);
    record.val = objective_.validate();
    state_.epochs.push_back(record);
    best_.after_epoch(state_.epochs);
    averaging_.exchange();
    if (ranks_.size() > 1)
      optim::check_agreement(ranks_, str_cat("training: the weights after epoch ", record.epoch), store_.fingerprint());
    state_.batches = 0;
    observer_.on_epoch(state_.epochs);
  }

  // The gradient of the next batch, of all its shards on all ranks; none at the end of the epoch.
  std::optional<optim::BatchSums> compute_gradient() {
    const Shard* shard = objective_.next_shard();
    if (!shard) return std::nullopt;
    if (!sync_) return forward_backward(*shard, 1);
    if (runner_) {
      compute_in_lockstep(*shard);
    } else {
      for (Index number = sharding_.own.begin;;) {
        compute_shard(*shard);
        if (++number == sharding_.own.end) break;
        shard = objective_.next_shard();
      }
    }
    return sync_->finish(observer_.stop());
  }

  void compute_shard(const Shard& shard) {
    const double share = shard.share();
    optim::BatchSums sums;
    if (share > 0) {
      const optim::GradientSync::Pass watch(*sync_, shard.number);
      sums = forward_backward(shard, share);
    }
    sync_->take(shard.number, share, sums);
  }

  // Own shards all at once, where they meet at every batch normalisation.
  void compute_in_lockstep(const Shard& first) {
    std::vector<const Shard*> shards{&first};
    while (static_cast<Index>(shards.size()) < sharding_.own.size()) shards.push_back(objective_.next_shard());
    std::vector<Index> filled;
    for (const Shard* shard : shards) {
      if (shard->samples > 0) filled.push_back(shard->number);
    }
    std::vector<optim::BatchSums> sums(shards.size());
    runner_->run(filled, [&](Index number) {
      const auto i = static_cast<std::size_t>(number - sharding_.own.begin);
      sums[i] = forward_backward(*shards[i], shards[i]->share());
    });
    for (std::size_t i = 0; i < shards.size(); ++i) {
      if (shards[i]->samples > 0) {
        const optim::GradientSync::Pass watch(*sync_, shards[i]->number);
        runner_->restore(shards[i]->number);
      }
      sync_->take(shards[i]->number, shards[i]->share(), sums[i]);
    }
  }

  // Leaves the gradient of the loss times `share`.
  optim::BatchSums forward_backward(const Shard& shard, double share) {
    const layers::RandomScope random_scope(random_stream(shard));
    Tape tape;
    const auto [loss, correct] = objective_.forward(shard);
    const double value = loss.item();
    if (!std::isfinite(value)) diverged(str_cat("the loss is ", std::isnan(value) ? "nan" : "infinite"), shard);
    const auto samples = static_cast<double>(shard.samples);
    const optim::BatchSums sums{.loss = value * samples, .correct = static_cast<double>(correct), .samples = samples};
    tape.backward(share == 1 ? loss : scale(loss, static_cast<float>(share)));
    return sums;
  }

  // A function of the step and the shard; of the step alone where batches are whole.
  Random random_stream(const Shard& shard) const {
    const auto step = static_cast<std::uint64_t>(state_.step);
    return sharding_.shards == 1 ? Random(recipe_.seed, {step}) : Random(recipe_.seed, {step, static_cast<std::uint64_t>(shard.number)});
  }

  void update(const optim::BatchSums& batch) {
    const bool logs = recipe_.log_steps > 0 && (state_.step + 1) % recipe_.log_steps == 0;
    const bool clips = recipe_.clip_norm > 0;
    optim::Clip clip;
    if (clips || logs) clip = optim::find_clip(store_, clips ? recipe_.clip_norm : std::numeric_limits<double>::infinity());
    gradient_norm_ = logs ? clip.norm : calibration::kNotMeasured;
    learning_rate_ = schedule_.at(state_.step);
    optimizer_->step(learning_rate_, clip.scale);
    averaging_.after_step(state_.step + 1);
    if (state_.step++ == 0) warn_of_untouched();
    ++state_.batches;
    state_.running.loss += batch.loss;
    state_.running.correct += static_cast<Index>(batch.correct);
    state_.running.samples += static_cast<Index>(batch.samples);
    samples_ += static_cast<Index>(batch.samples);
  }

  [[noreturn]] void diverged(const std::string& what, const Shard& shard) {
    const std::string culprit = first_not_finite(store_, [&] {
      const Tape tape;
      const layers::RandomScope random_scope(random_stream(shard));
      const BatchStatisticsExchange::Scope alone(nullptr);  // the other shards do not come to this pass
      objective_.forward(shard);
    });
    throw Error(str_cat("training: ", what, " in epoch ", epoch() + 1, ", step ", state_.step + 1, culprit.empty() ? "" : ": ", culprit,
                        against_divergence()));
  }

  const char* against_divergence() const { return recipe_.clip_norm > 0 ? "; lower --lr, or --clip" : "; lower --lr, or set --clip 1"; }

  void warn_of_untouched() const {
    for (const std::string& name : optimizer_->untouched())
      observer_.on_warning(str_cat("the parameter ", name, " got no gradient: it does not learn"));
  }

  Progress progress(double loss) const {
    const double seconds = seconds_since(start_);
    const auto done = static_cast<double>(state_.step - first_step_), left = static_cast<double>(schedule_.total - state_.step);
    return {.epoch = epoch() + 1,
            .epochs = recipe_.epochs,
            .step = state_.step,
            .steps = schedule_.total,
            .loss = loss,
            .learning_rate = learning_rate_,
            .gradient_norm = gradient_norm_,
            .samples = samples_,
            .samples_per_second = static_cast<double>(samples_) / seconds,
            .seconds_left = seconds / done * left};
  }

  // All arenas between which the state of the run is complete.
  std::vector<optim::StateArena> arenas() {
    std::vector<optim::StateArena> all{{"value", store_.all_values()}};
    const auto append = [&](const std::vector<optim::StateArena>& more) { all.insert(all.end(), more.begin(), more.end()); };
    append(optimizer_->state());
    append(averaging_.state());
    append(best_.state());
    return all;
  }

  bool checkpoint_due() const {
    const Checkpointing& c = checkpointing_;
    return (c.every_steps > 0 && state_.step % c.every_steps == 0) || (c.every_seconds > 0 && seconds_since(saved_) >= c.every_seconds);
  }

  void save() {
    if (checkpointing_.run.empty() || ranks_.rank() != 0) return;
    const std::vector<optim::StateArena> all = arenas();
    const std::vector<std::string> bad = optim::not_finite(store_, all);
    TEMPER_CHECK(bad.empty(), "training: after step ", state_.step, " ", bad.front(), " is not finite: the checkpoint before it is kept",
                 against_divergence());
    state_.seconds = seconds_before_ + seconds_since(start_);
    checkpoints_.save(checkpointing_.plan, state_, store_, all);
    saved_ = Clock::now();
  }

  void restore(const Checkpoint& checkpoint) {
    optim::read_arenas(store_, arenas(), checkpoint.tensors, checkpoint.path);
    state_ = checkpoint.state;
    // Version 0.1 kept no state of an epoch that the end of the run cut off.
    const bool continues = state_.step == epoch() * objective_.batches() + state_.batches || epoch() == recipe_.epochs;
    TEMPER_CHECK(continues,
                 "--resume: the run ended within an epoch, and the version that trained it kept nothing to make it longer from; "
                 "start another run with another --out");
    optimizer_->set_steps(state_.step);
    first_step_ = state_.step;
    seconds_before_ = state_.seconds;
    observer_.on_epoch(state_.epochs);
  }

  Objective& objective_;
  ParameterStore& store_;
  const Recipe& recipe_;
  const Observer& observer_;
  const Checkpointing& checkpointing_;
  optim::Communicator& ranks_;
  const Checkpoints checkpoints_;
  const Sharding sharding_;
  const std::unique_ptr<optim::Optimizer> optimizer_;
  optim::Schedule schedule_;
  ParameterFactors factors_;
  Averaging averaging_;
  BestWeights best_;
  std::optional<optim::GradientSync> sync_;           // for batches in shards
  std::optional<optim::SyncBatchNormRunner> runner_;  // for those that are normalised as one
  RunState state_;
  Index first_step_ = 0, samples_ = 0;  // of this process
  float learning_rate_ = 0;             // of the last step
  double gradient_norm_ = calibration::kNotMeasured;
  double seconds_before_ = 0;  // of earlier ones
  Clock::time_point start_ = Clock::now(), saved_ = start_;
};

// A line a setting, without what explains it.
std::string settings_text(const Recipe& recipe) {
  std::istringstream lines(write_recipe(recipe, true));
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.size(), line.find("  # ")));
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

// What the ranks must have in common, or their weights would not stay the same.
void check_agreement(optim::Communicator& ranks, const Objective& objective, const Recipe& recipe, const Checkpointing& checkpointing) {
  if (ranks.size() == 1) return;
  optim::check_agreement(ranks, "the program", kVersion);
  optim::check_agreement(ranks, "the settings", settings_text(recipe));
  for (const auto& [what, fingerprint] : objective.fingerprints()) optim::check_agreement(ranks, what, fingerprint);
  optim::check_agreement(ranks, "the first weights", objective.parameters().fingerprint());
  optim::check_agreement(ranks, "the checkpoint to go on from",
                         checkpointing.resume ? str_cat("step ", checkpointing.resume->state.step) : "none");
}

// Processors and BLAS kernels of several kinds compute rightly, but each rounds in its own way.
void warn_of_a_mixture(optim::Communicator& ranks, const Observer& observer) {
  if (ranks.size() == 1) return;
  const Machine machine = describe_machine();
  const std::optional<optim::Disagreement> found = optim::find_disagreement(ranks, str_cat(machine.cpu, ", ", machine.blas));
  if (!found) return;
  observer.on_warning(str_cat("ranks: rank ", found->rank, " on ", ranks.host(found->rank), " computes with ", found->value, ", rank 0 on ",
                              ranks.host(0), " with ", found->expected,
                              "; the training is correct, but bit-identical results need the same mix of processors; for results that do "
                              "not depend on it give all ranks "
                              "one kind of processor and one OPENBLAS_CORETYPE (mpirun -x)"));
}

}  // namespace

std::vector<EpochRecord> train(Objective& objective, const Recipe& given, const Observer& observer, const Checkpointing& checkpointing,
                               optim::Communicator* ranks) {
  given.check();
  check_effect(given, objective.batches());
  const Recipe recipe = given.resolved(objective.batches());
  optim::SingleProcess single_process;
  optim::Communicator& together = ranks ? *ranks : single_process;
  check_agreement(together, objective, recipe, checkpointing);
  warn_of_a_mixture(together, observer);
  const InferenceScope inference_scope;  // a teacher's kernels are packed once, not in every step of its student
  return Run(objective, recipe, observer, checkpointing, together).to_the_end();
}

std::vector<EpochRecord> train(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set,
                               const Recipe& given, const Loss& loss, const Observer& observer, const Checkpointing& checkpointing,
                               optim::Communicator* ranks) {
  given.check();
  Recipe recipe = given;
  if (recipe.batch == Recipe::kBySize) recipe.batch = Recipe::usual_batch(train_set.size());
  optim::SingleProcess single_process;
  ImageObjective objective(model, train_set, val_set, recipe, loss, ranks ? *ranks : single_process);
  return train(objective, recipe, observer, checkpointing, ranks);
}

}  // namespace temper::training
