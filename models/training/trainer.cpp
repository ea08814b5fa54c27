#include "models/training/trainer.h"

#include <chrono>
#include <cmath>
#include <sstream>

#include "core/batch_pool.h"
#include "core/frozen.h"
#include "core/machine.h"
#include "core/ops/elementwise.h"
#include "core/tape.h"
#include "layers/noise.h"
#include "models/training/divergence.h"
#include "models/training/optimizer.h"
#include "models/training/recipe_file.h"
#include "models/training/together.h"
#include "optim/clip.h"
#include "optim/gradient_sync.h"
#include "optim/lockstep.h"

namespace temper::training {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr const char* kAgainstDivergence = "; lower --lr, or set --clip 1";

Index count_correct(const Tensor& logits, std::span<const std::int32_t> labels) {
  const Index K = logits.shape().last();
  Index correct = 0;
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const float* row = logits.data() + static_cast<Index>(n) * K;
    correct += std::max_element(row, row + K) - row == labels[n];
  }
  return correct;
}

// A batch that outlives the loader's.
struct HeldBatch {
  explicit HeldBatch(const data::Batch& given)
      : batch(given),
        labels(given.labels.begin(), given.labels.end()),
        other_labels(given.other_labels.begin(), given.other_labels.end()),
        samples(given.samples.begin(), given.samples.end()) {
    batch.labels = labels;
    batch.other_labels = other_labels;
    batch.samples = samples;
  }
  HeldBatch(HeldBatch&&) = default;  // the spans go on to point at what the vectors held

  data::Batch batch;
  std::vector<std::int32_t> labels, other_labels;
  std::vector<Index> samples;
  optim::BatchSums sums = {};
};

// What one run keeps between its steps.
class Run {
 public:
  Run(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set, const Recipe& recipe, const Loss& loss,
      const Observer& observer, const Checkpointing& checkpointing, optim::Communicator& ranks)
      : model_(model),
        val_set_(val_set),
        recipe_(recipe),
        loss_(loss),
        observer_(observer),
        checkpointing_(checkpointing),
        ranks_(ranks),
        checkpoints_(checkpointing.run),
        shards_(recipe.shards > 0 ? recipe.shards : ranks.size()),
        own_(part_of(shards_, ranks.rank(), ranks.size())),
        loader_(train_set, model.preprocessing,
                {.batch = recipe.batch,
                 .shuffle = true,
                 .augment = recipe.augment,
                 .seed = recipe.seed,
                 .companions = loss.companions(),
                 .parts = shards_,
                 .first_part = own_.begin,
                 .end_part = own_.end,
                 .mixup = recipe.mixup}),
        optimizer_(make_optimizer(*model.parameters, recipe)),
        schedule_(make_schedule(recipe, loader_.batches())),
        factors_(*model.parameters, recipe),
        averaging_(*model.parameters, recipe, total_steps(recipe, loader_.batches())) {
    if (shards_ > 1) sync_.emplace(*model.parameters, ranks, optim::SyncOptions{.shards = shards_});
    if (sync_ && recipe.sync_batch_norm) lockstep_.emplace(*model.parameters, ranks, shards_);
    if (checkpointing.resume) {
      restore(*checkpointing.resume);
    } else {
      save();  // from here on the run can be resumed, and whether it can be written is known before hours have passed
    }
  }

  std::vector<EpochRecord> to_the_end() {
    while (static_cast<Index>(state_.epochs.size()) < recipe_.epochs) {
      rest_of_epoch();
      evaluate();
      save();
    }
    averaging_.exchange();
    return std::move(state_.epochs);
  }

 private:
  Index epoch() const { return static_cast<Index>(state_.epochs.size()); }  // that runs, from 0

  void rest_of_epoch() {
    factors_.begin_epoch(epoch());
    if (state_.batches == 0) state_.running = {.learning_rate = schedule_.at(state_.step)};
    if (state_.step == schedule_.total) return;  // of Recipe::steps, in the middle of the epoch
    const auto start = Clock::now();
    const double seconds_before = state_.running.seconds;
    for (const data::Batch& shard : loader_.epoch(epoch(), state_.batches)) {
      const std::optional<optim::BatchSums> batch = take(shard);
      if (!batch) continue;
      update(*batch);
      state_.running.seconds = seconds_before + seconds_since(start);
      observer_.on_step(progress(batch->loss / batch->images));
      if (sync_ ? batch->stop : observer_.stop()) {
        save();
        throw Stopped(state_);
      }
      if (checkpoint_due()) save();
      if (state_.step == schedule_.total) break;
    }
  }

  void evaluate() {
    averaging_.exchange();
    EpochRecord record = state_.running.record(epoch() + 1);
    record.val = calibration::metrics(predict_together(model_, val_set_, {}, ranks_));
    averaging_.exchange();
    if (ranks_.size() > 1)
      optim::check_agreement(ranks_, concat("training: the weights after epoch ", record.epoch), model_.parameters->fingerprint());
    state_.epochs.push_back(record);
    state_.batches = 0;
    state_.running = {};
    observer_.on_epoch(state_.epochs);
  }

  // The gradient of the next shard. Once it is the last of its batch, that of the batch is complete.
  std::optional<optim::BatchSums> take(const data::Batch& shard) {
    if (!sync_) return pass(shard, 1);
    if (lockstep_) return take_in_step(shard);
    const double share = share_of(shard);
    optim::BatchSums sums;
    if (share > 0) {
      const optim::GradientSync::Pass watch(*sync_, shard.part);
      sums = pass(shard, share);
    }
    sync_->take(shard.part, share, sums);
    if (shard.part + 1 < own_.end) return std::nullopt;
    return sync_->finish(observer_.stop());
  }

  // The same where the shards meet at every batch normalisation: all at once, when the last is there.
  std::optional<optim::BatchSums> take_in_step(const data::Batch& shard) {
    held_.emplace_back(shard);
    if (shard.part + 1 < own_.end) return std::nullopt;
    std::vector<Index> with_images;
    for (const HeldBatch& held : held_) {
      if (!held.samples.empty()) with_images.push_back(held.batch.part);
    }
    const auto of = [&](Index part) -> HeldBatch& { return held_[static_cast<std::size_t>(part - own_.begin)]; };
    lockstep_->run(with_images, [&](Index part) { of(part).sums = pass(of(part).batch, share_of(of(part).batch)); });
    for (const HeldBatch& held : held_) {
      if (!held.samples.empty()) {
        const optim::GradientSync::Pass watch(*sync_, held.batch.part);
        lockstep_->put_back(held.batch.part);
      }
      sync_->take(held.batch.part, share_of(held.batch), held.sums);
    }
    held_.clear();
    return sync_->finish(observer_.stop());
  }

  static double share_of(const data::Batch& shard) { return static_cast<double>(shard.samples.size()) / static_cast<double>(shard.whole); }

  // Forward and backward: leaves the gradient of the loss times `share`.
  optim::BatchSums pass(const data::Batch& shard, double share) {
    const layers::Noise noise(noise_of(shard));
    Tape tape;
    const Tensor logits = model_(shard.images);
    const Tensor loss = loss_(logits, shard);
    const double value = loss.item();
    if (!std::isfinite(value)) diverged(concat("the loss is ", std::isnan(value) ? "nan" : "infinite"), shard);
    const auto images = static_cast<double>(shard.samples.size());
    const optim::BatchSums sums{
        .loss = value * images, .correct = static_cast<double>(count_correct(logits, shard.labels)), .images = images};
    tape.backward(share == 1 ? loss : scale(loss, static_cast<float>(share)));
    return sums;
  }

  // A function of the step and the shard; of the step alone where batches are whole.
  Random noise_of(const data::Batch& shard) const {
    const auto step = static_cast<std::uint64_t>(state_.step);
    return shards_ == 1 ? Random(recipe_.seed, {step}) : Random(recipe_.seed, {step, static_cast<std::uint64_t>(shard.part)});
  }

  void update(const optim::BatchSums& batch) {
    const double scale = recipe_.clip_norm > 0 ? optim::find_clip(*model_.parameters, recipe_.clip_norm).scale : 1;
    std::visit([&](auto& optimizer) { optimizer.step(schedule_.at(state_.step), scale); }, optimizer_);
    averaging_.after_step(state_.step + 1);
    if (state_.step++ == 0) warn_of_untouched();
    ++state_.batches;
    state_.running.loss += batch.loss;
    state_.running.correct += static_cast<Index>(batch.correct);
    state_.running.images += static_cast<Index>(batch.images);
    images_ += static_cast<Index>(batch.images);
  }

  [[noreturn]] void diverged(const std::string& what, const data::Batch& batch) const {
    const std::string culprit = first_not_finite(*model_.parameters, [&] {
      const Tape tape;
      const layers::Noise noise(noise_of(batch));
      const BatchPool::Scope alone(nullptr);  // the other shards do not come to this pass
      loss_(model_(batch.images), batch);
    });
    throw Error(concat("training: ", what, " in epoch ", epoch() + 1, ", step ", state_.step + 1, culprit.empty() ? "" : ": ", culprit,
                       kAgainstDivergence));
  }

  void warn_of_untouched() const {
    const auto& names =
        std::visit([](const auto& optimizer) -> const std::vector<std::string>& { return optimizer.untouched(); }, optimizer_);
    for (const std::string& name : names) observer_.on_warning(concat("the parameter ", name, " got no gradient: it does not learn"));
  }

  Progress progress(double loss) const {
    const double seconds = seconds_since(start_);
    const auto done = static_cast<double>(state_.step - first_step_), left = static_cast<double>(schedule_.total - state_.step);
    return {.epoch = epoch() + 1,
            .epochs = recipe_.epochs,
            .step = state_.step,
            .steps = schedule_.total,
            .loss = loss,
            .images_per_second = static_cast<double>(images_) / seconds,
            .seconds_left = seconds / done * left};
  }

  // All arenas between which the state of the run is complete.
  std::vector<optim::StateArena> arenas() {
    std::vector<optim::StateArena> all{{"value", model_.parameters->all_values()}};
    const auto append = [&](const std::vector<optim::StateArena>& more) { all.insert(all.end(), more.begin(), more.end()); };
    append(std::visit([](auto& optimizer) { return optimizer.state(); }, optimizer_));
    append(averaging_.state());
    return all;
  }

  bool checkpoint_due() const {
    const Checkpointing& c = checkpointing_;
    return (c.every_steps > 0 && state_.step % c.every_steps == 0) || (c.every_seconds > 0 && seconds_since(saved_) >= c.every_seconds);
  }

  void save() {
    if (checkpointing_.run.empty() || ranks_.rank() != 0) return;
    const std::vector<optim::StateArena> all = arenas();
    const std::vector<std::string> bad = optim::not_finite(*model_.parameters, all);
    TEMPER_CHECK(bad.empty(), "training: after step ", state_.step, " ", bad.front(), " is not finite: the checkpoint before it is kept",
                 kAgainstDivergence);
    state_.seconds = seconds_before_ + seconds_since(start_);
    checkpoints_.save(checkpointing_.plan, state_, *model_.parameters, all);
    saved_ = Clock::now();
  }

  void restore(const Checkpoint& checkpoint) {
    optim::read_arenas(*model_.parameters, arenas(), checkpoint.tensors, checkpoint.path);
    state_ = checkpoint.state;
    std::visit([&](auto& optimizer) { optimizer.set_steps(state_.step); }, optimizer_);
    first_step_ = state_.step;
    seconds_before_ = state_.seconds;
    observer_.on_epoch(state_.epochs);
  }

  const models::Model& model_;
  const data::Dataset& val_set_;
  const Recipe& recipe_;
  const Loss& loss_;
  const Observer& observer_;
  const Checkpointing& checkpointing_;
  optim::Communicator& ranks_;
  const Checkpoints checkpoints_;
  const Index shards_;  // of a batch
  const Range own_;
  data::Loader loader_;
  Optimizer optimizer_;
  optim::Schedule schedule_;
  ParameterFactors factors_;
  Averaging averaging_;
  std::optional<optim::GradientSync> sync_;  // for batches in shards
  std::optional<optim::Lockstep> lockstep_;  // for those that are normalised as one
  std::vector<HeldBatch> held_;              // own shards of the batch that comes together
  RunState state_;
  Index first_step_ = 0, images_ = 0;  // of this process
  double seconds_before_ = 0;          // of earlier ones
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
void check_agreement(optim::Communicator& ranks, const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set,
                     const Recipe& recipe, const Checkpointing& checkpointing) {
  if (ranks.size() == 1) return;
  optim::check_agreement(ranks, "the program", kVersion);
  optim::check_agreement(ranks, "the settings", settings_text(recipe));
  check_same_images(train_set, ranks);
  check_same_images(val_set, ranks);
  optim::check_agreement(ranks, "the first weights", model.parameters->fingerprint());
  optim::check_agreement(ranks, "the checkpoint to go on from",
                         checkpointing.resume ? concat("step ", checkpointing.resume->state.step) : "none");
}

}  // namespace

std::vector<EpochRecord> train(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set,
                               const Recipe& given, const Loss& loss, const Observer& observer, const Checkpointing& checkpointing,
                               optim::Communicator* ranks) {
  given.check();
  const Recipe recipe = given.resolved(train_set.size());
  optim::Alone alone;
  optim::Communicator& together = ranks ? *ranks : alone;
  check_agreement(together, model, train_set, val_set, recipe, checkpointing);
  const Frozen frozen;  // a teacher's kernels are packed once, not in every step of its student
  return Run(model, train_set, val_set, recipe, loss, observer, checkpointing, together).to_the_end();
}

}  // namespace temper::training
