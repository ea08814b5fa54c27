#include "models/training/optimizer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "core/engine/parallel.h"
#include "models/training/trainer.h"
#include "optim/sgd.h"
#include "tests/models/training/two_epochs.h"
#include "tests/optim/toy_store.h"
#include "tests/restored.h"

namespace temper::training {
namespace {

TEST_CASE("optimizer: decoupled hyperparameters are those of the published code") {
  // kilostep_scale = 1024 (1 + 1 / (1 - momentum)); lr = 11.5 / kilostep_scale and wd = 0.0153 batch / kilostep_scale / lr, on the sum of
  // the losses. On their mean the rate is batch times that, the decay 1/batch of it.
  ToyStore toy;
  toy.add("w", 1, [](Index) { return 0.0; });
  toy.commit();
  for (const Index batch : {1024, 512}) {
    const Recipe recipe{.batch = batch, .learning_rate = 11.5f, .momentum = 0.85f, .weight_decay = 0.0153f, .decoupled = true};
    const double kilostep_scale = 1024 * (1 + 1 / (1 - 0.85)), lr = 11.5 / kilostep_scale;
    const double wd = 0.0153 * static_cast<double>(batch) / kilostep_scale / lr;
    CHECK(make_schedule(recipe, 10).base == doctest::Approx(lr * static_cast<double>(batch)).epsilon(1e-6));
    const auto optimizer = make_optimizer(toy.store, recipe);
    CHECK(dynamic_cast<optim::Sgd&>(*optimizer).options().weight_decay == doctest::Approx(wd / static_cast<double>(batch)).epsilon(1e-6));
  }
}

TEST_CASE("optimizer: the settings of SGD reach it") {
  ToyStore toy;
  toy.add("w", 1, [](Index) { return 0.0; });
  toy.commit();
  const Recipe recipe{.momentum = 0.75f, .nesterov = false, .dampening = 0.5f, .weight_decay = 0.125f, .decay_norm_and_bias = true};
  const auto optimizer = make_optimizer(toy.store, recipe);
  const optim::SgdOptions& options = dynamic_cast<optim::Sgd&>(*optimizer).options();
  CHECK(options.momentum == doctest::Approx(0.75));
  CHECK(options.dampening == doctest::Approx(0.5));
  CHECK(options.weight_decay == doctest::Approx(0.125));
  CHECK_FALSE(options.nesterov);
  CHECK(options.decay_norm_and_bias);
}

TEST_CASE("optimizer: the settings of AdamW reach it") {
  // One step from 0: w = -lr g / (|g| + epsilon), the bias corrections cancel.
  ToyStore toy;
  toy.add("w", 1, [](Index) { return 0.0; });
  toy.commit();
  const Recipe recipe{.optimizer = "adamw", .beta1 = 0.5f, .beta2 = 0.75f, .epsilon = 0.25f, .weight_decay = 0};
  const auto optimizer = make_optimizer(toy.store, recipe);
  Parameter& w = toy.store.parameters().front();
  const auto step = [&](float gradient) {
    w.gradient[0] = gradient;
    w.gradient_is_stale = false;
    optimizer->step(1, 1);
    return w.value[0];
  };
  CHECK(step(0.75f) == doctest::Approx(-0.75));
  // m = 0.5 * 0.375 + 0.5 * 2 over 1 - 0.25, v = 0.75 * 0.25 * 0.5625 + 0.25 * 4 over 1 - 0.5625
  const double m = (0.5 * 0.375 + 0.5 * 2) / 0.75, v = (0.75 * 0.25 * 0.5625 + 0.25 * 4) / 0.4375;
  CHECK(step(2) == doctest::Approx(-0.75 - m / (std::sqrt(v) + 0.25)).epsilon(1e-5));
}

TEST_CASE("optimizer: lengths and milestones in epochs and in steps") {
  Recipe recipe{.epochs = 3, .schedule = optim::Schedule::Kind::step, .milestones = {1, 2.5f}, .milestone_steps = {7}};
  recipe.warm_up_epochs = 0.5f;
  const optim::Schedule schedule = make_schedule(recipe, 10);
  CHECK(schedule.total == 30);
  CHECK(schedule.warm_up == 5);
  CHECK(schedule.milestones == std::vector<Index>{7, 10, 25});
  recipe.steps = 12;
  recipe.warm_up_steps = 3;
  CHECK(make_schedule(recipe, 10).total == 12);
  CHECK(make_schedule(recipe, 10).warm_up == 3);
}

TEST_CASE("optimizer: --steps ends a run in the middle of an epoch") {
  const data::Splits splits = data::digits();
  const models::Model model = models::make_model("mlp-8", splits.train, 1);
  Recipe recipe = two_epochs();
  recipe.steps = 50;  // an epoch has 38
  Index steps = 0, of = 0;
  Observer observer;
  observer.on_step = [&](const Progress& progress) { steps = progress.step, of = progress.steps; };
  const auto records = train(model, splits.train, splits.val, recipe, cross_entropy(recipe), observer);
  CHECK(steps == 50);
  CHECK(of == 50);
  CHECK(records.size() == 2);
}

TEST_CASE("optimizer: the finished model is the moving average, which is also what was evaluated") {
  const data::Splits splits = data::digits();
  Recipe recipe = two_epochs();
  const models::Model plain = models::make_model("cnn", splits.train, 1), averaged = models::make_model("cnn", splits.train, 1);
  std::vector<std::vector<float>> trajectory;  // of the plain run, after each step
  Observer observer;
  const std::vector<float> start = values(plain);
  observer.on_step = [&](const Progress&) { trajectory.push_back(values(plain)); };
  train(plain, splits.train, splits.val, recipe, cross_entropy(recipe), observer);
  recipe.ema_decay = 0.9f;
  const auto records = train(averaged, splits.train, splits.val, recipe, cross_entropy(recipe));

  // The average does not act on the training: it is that of the plain run's weights.
  std::vector<float> expected = start;
  for (std::size_t t = 1; t <= trajectory.size(); ++t) {
    const double decay = std::min<double>(0.9f, static_cast<double>(1 + t) / static_cast<double>(10 + t));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i] = static_cast<float>(decay * expected[i] + (1 - decay) * trajectory[t - 1][i]);
    }
  }
  const std::vector<float> result = values(averaged);
  float error = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) error = std::max(error, std::fabs(result[i] - expected[i]));
  CHECK(error < 1e-5f);
  CHECK(values(averaged) != values(plain));
  CHECK(calibration::metrics(models::predict(averaged, splits.val)).nll == records.back().val.nll);
}

TEST_CASE("optimizer: lookahead by hand on a toy") {
  ToyStore toy;
  Parameter& w = toy.add("w", 1, [](Index) { return 1.0; });
  toy.commit();
  Averaging averaging(toy.store, {.lookahead_every = 2, .lookahead_decay = 0.5f}, 5);
  CHECK(averaging.state().size() == 1);
  CHECK(averaging.state()[0].name == "lookahead");
  float average = 1;
  for (Index step = 1; step <= 5; ++step) {
    w.value[0] += 1;
    const float before = w.value[0];
    averaging.after_step(step);
    if (step % 2 == 0) {
      const double way = static_cast<double>(step) / 5, decay = 0.25 * way * way * way;
      average = static_cast<float>(decay) * average + static_cast<float>(1 - decay) * before;
    }
    CHECK(w.value[0] == doctest::Approx(step % 2 == 0 || step == 5 ? average : before).epsilon(1e-6));
  }
}

// All that a recipe can have, at once.
TEST_CASE("optimizer: the same bits on every number of threads, with all settings of the speedrun") {
  const ThreadsRestored restore;
  const data::Splits splits = data::digits();
  const auto trained = [&](int count) {
    set_threads(count);
    const models::Model model = models::make_model("cnn", splits.train, 1, {.standardization = data::Standardization::image, .crop = 7});
    Recipe recipe{.epochs = 2, .batch = 128, .loss_scale = 2, .momentum = 0.85f, .weight_decay = 0.0153f, .decoupled = true};
    recipe.augment = {.shift = 1, .flip = data::Flip::alternating, .padding = data::Padding::reflect, .random_crop = true};
    recipe.decay_norm_and_bias = true;
    recipe.learning_rate = 2;
    recipe.learning_rate_factors = {{"norm:*", 4}};
    recipe.freeze = {{"*conv1*", 1}};
    recipe.schedule = optim::Schedule::Kind::triangle;
    recipe.ema_decay = 0.9f;
    recipe.lookahead_every = 5;
    train(model, splits.train, splits.val, recipe, cross_entropy(recipe));
    std::vector<float> all = values(model);
    const auto predictions = models::predict(model, splits.val, {.tta = models::TestTimeAugmentation::flip_shift});
    all.insert(all.end(), predictions.logits.begin(), predictions.logits.end());
    return all;
  };
  const std::vector<float> one = trained(1);
  for (const int count : {2, 3}) {
    const std::vector<float> other = trained(count);
    REQUIRE(other.size() == one.size());
    CHECK(std::memcmp(other.data(), one.data(), one.size() * sizeof(float)) == 0);
  }
}

}  // namespace
}  // namespace temper::training
