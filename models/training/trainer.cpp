#include "models/training/trainer.h"

#include <chrono>
#include <cmath>

#include "core/frozen.h"
#include "core/tape.h"
#include "layers/noise.h"
#include "models/training/optimizer.h"
#include "optim/clip.h"

namespace temper::training {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

Index count_correct(const Tensor& logits, std::span<const std::int32_t> labels) {
  const Index K = logits.shape().last();
  Index correct = 0;
  for (std::size_t n = 0; n < labels.size(); ++n) {
    const float* row = logits.data() + static_cast<Index>(n) * K;
    correct += std::max_element(row, row + K) - row == labels[n];
  }
  return correct;
}

// What one run keeps between its steps.
class Run {
 public:
  Run(const models::Model& model, const data::Dataset& set, const Recipe& recipe, const Loss& loss, const Observer& observer)
      : model_(model),
        recipe_(recipe),
        loss_(loss),
        observer_(observer),
        loader_(set, model.preprocessing,
                {.batch = recipe.batch,
                 .shuffle = true,
                 .augment = recipe.augment,
                 .seed = recipe.seed,
                 .companions = loss.companions(),
                 .mixup = recipe.mixup}),
        optimizer_(make_optimizer(*model.parameters, recipe)),
        schedule_(make_schedule(recipe, loader_.batches())),
        factors_(*model.parameters, recipe),
        averaging_(*model.parameters, recipe, total_steps(recipe, loader_.batches())) {}

  EpochRecord epoch(Index epoch) {
    factors_.begin_epoch(epoch);
    EpochRecord record{.epoch = epoch + 1, .learning_rate = schedule_.at(step_)};
    const auto start = Clock::now();
    double loss_sum = 0;
    Index correct = 0, images = 0;
    for (const data::Batch& batch : loader_.epoch(epoch)) {
      const Index count = batch.images.shape()[0];
      const auto [loss, batch_correct] = step(batch, epoch);
      loss_sum += loss * static_cast<double>(count);
      correct += batch_correct;
      images += count;
      observer_.on_step(progress(epoch, loss, count));
      if (step_ == schedule_.total) break;  // of Recipe::steps
    }
    record.seconds = seconds_since(start);
    record.train_loss = loss_sum / static_cast<double>(images);
    record.train_accuracy = static_cast<double>(correct) / static_cast<double>(images);
    record.images_per_second = static_cast<double>(images) / record.seconds;
    return record;
  }

  // The weights of the recipe's average take the place of the trained ones, or give it back.
  void exchange_average() { averaging_.exchange(); }

 private:
  struct StepResult {
    double loss;
    Index correct;
  };

  StepResult step(const data::Batch& batch, Index epoch) {
    Tape tape;
    const layers::Noise noise(Random(recipe_.seed, {static_cast<std::uint64_t>(step_)}));
    const Tensor logits = model_(batch.images);
    const Tensor loss = loss_(logits, batch);
    const StepResult result{loss.item(), count_correct(logits, batch.labels)};
    TEMPER_CHECK(std::isfinite(result.loss), "training: the loss is ", result.loss, " in epoch ", epoch + 1, ", step ", step_ + 1,
                 "; lower --lr, or set --clip 1");
    tape.backward(loss);
    const double scale = recipe_.clip_norm > 0 ? optim::find_clip(*model_.parameters, recipe_.clip_norm).scale : 1;
    std::visit([&](auto& optimizer) { optimizer.step(schedule_.at(step_), scale); }, optimizer_);
    if (step_++ == 0) warn_of_untouched();
    averaging_.after_step(step_);
    return result;
  }

  void warn_of_untouched() const {
    const auto& names =
        std::visit([](const auto& optimizer) -> const std::vector<std::string>& { return optimizer.untouched(); }, optimizer_);
    for (const std::string& name : names) observer_.on_warning(concat("the parameter ", name, " got no gradient: it does not learn"));
  }

  Progress progress(Index epoch, double loss, Index count) {
    images_ += count;
    const double seconds = seconds_since(start_);
    const Index steps = schedule_.total;
    return {.epoch = epoch + 1,
            .epochs = recipe_.epochs,
            .step = step_,
            .steps = steps,
            .loss = loss,
            .images_per_second = static_cast<double>(images_) / seconds,
            .seconds_left = seconds / static_cast<double>(step_) * static_cast<double>(steps - step_)};
  }

  const models::Model& model_;
  const Recipe& recipe_;
  const Loss& loss_;
  const Observer& observer_;
  data::Loader loader_;
  Optimizer optimizer_;
  optim::Schedule schedule_;
  ParameterFactors factors_;
  Averaging averaging_;
  Index step_ = 0, images_ = 0;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

std::vector<EpochRecord> train(const models::Model& model, const data::Dataset& train_set, const data::Dataset& val_set,
                               const Recipe& given, const Loss& loss, const Observer& observer) {
  given.check();
  const Recipe recipe = given.resolved(train_set.size());
  const Frozen frozen;  // a teacher's kernels are packed once, not in every step of its student
  Run run(model, train_set, recipe, loss, observer);
  std::vector<EpochRecord> records;
  for (Index epoch = 0; epoch < recipe.epochs; ++epoch) {
    EpochRecord record = run.epoch(epoch);
    run.exchange_average();
    record.val = calibration::metrics(models::predict(model, val_set, {}));
    observer.on_epoch(record);
    records.push_back(record);
    if (epoch + 1 < recipe.epochs) run.exchange_average();
  }
  return records;
}

}  // namespace temper::training
