// Ranks that train together, as threads of this process.

#include <doctest/doctest.h>

#include <cmath>

#include "models/training/distributed_predict.h"
#include "models/training/trainer.h"
#include "tests/optim/distributed/thread_ranks.h"

namespace temper::training {
namespace {

using optim::Communicator;
using optim::ThreadRanks;

data::Dataset digits(Index begin, Index end) {
  std::vector<Index> samples;
  for (Index i = begin; i < end; ++i) samples.push_back(i);
  return data::digits().train.subset(samples, "digits");
}

// 103 images in batches of 50: the last batch has 3 images for 4 shards.
Recipe recipe_of(Index shards, bool sync_batch_norm) {
  Recipe recipe = Recipe::for_data("digits");
  recipe.epochs = 2;
  recipe.batch = 50;
  recipe.shards = shards;
  recipe.sync_batch_norm = sync_batch_norm;
  return recipe;
}

std::vector<float> trained(const Recipe& recipe, Communicator* ranks, std::vector<EpochRecord>* log = nullptr) {
  const data::Dataset train_set = digits(0, 103), val_set = digits(200, 510);
  const models::Model model = models::make_model("resnet8", train_set, 1);
  const std::vector<EpochRecord> epochs = train(model, train_set, val_set, recipe, cross_entropy(recipe), {}, {}, ranks);
  if (log) *log = epochs;
  return {model.parameters->all_values().begin(), model.parameters->all_values().end()};
}

// Cases 16 and 32.
TEST_CASE("ranks: weights, statistics and metrics are the same bits on 1 to 4 ranks, also with fewer images than shards") {
  for (const bool sync_batch_norm : {false, true}) {
    CAPTURE(sync_batch_norm);
    const Recipe recipe = recipe_of(4, sync_batch_norm);
    std::vector<EpochRecord> log;
    const std::vector<float> one = trained(recipe, nullptr, &log);
    for (const int count : {2, 3, 4}) {
      ThreadRanks::run(count, [&](Communicator& ranks) {
        std::vector<EpochRecord> own_log;
        CHECK(trained(recipe, &ranks, &own_log) == one);
        CHECK(own_log.back().val.nll == log.back().val.nll);
        CHECK(own_log.back().val.samples == 310);
      });
    }
  }
}

TEST_CASE("ranks: synchronised, a step in shards is a step of the whole batch; without, statistics are those of shards") {
  const auto first_step = [](Index shards, bool sync_batch_norm) {
    Recipe recipe = recipe_of(shards, sync_batch_norm);
    recipe.steps = 1;
    return trained(recipe, nullptr);
  };
  const std::vector<float> whole = first_step(1, false), together = first_step(4, true), apart = first_step(4, false);
  const auto distance = [&](const std::vector<float>& other) {
    double most = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) most = std::max(most, static_cast<double>(std::abs(other[i] - whole[i])));
    return most;
  };
  CHECK(distance(together) < 1e-5);
  CHECK(distance(apart) > 1e-3);
}

TEST_CASE("ranks: other images or settings on one rank are refused by its name") {
  const auto other_recipe = [](Communicator& ranks) {
    Recipe recipe = recipe_of(4, false);
    if (ranks.rank() == 1) recipe.learning_rate = 0.5f;
    trained(recipe, &ranks);
  };
  CHECK_THROWS_WITH_AS(ThreadRanks::run(2, other_recipe), doctest::Contains("the settings: rank 1 on thread has lr = 0.5"), Error);
  const auto other_images = [](Communicator& ranks) { check_same_images(digits(0, ranks.rank() == 2 ? 9 : 10), ranks); };
  CHECK_THROWS_WITH_AS(ThreadRanks::run(3, other_images), doctest::Contains("the images of digits: rank 2 on thread"), Error);
}

TEST_CASE("ranks: every image is evaluated once, whatever the batches leave over") {
  const data::Dataset set = digits(0, 10);
  const models::Model model = models::make_model("mlp-8", set, 1);
  const calibration::Predictions one = models::predict(model, set);
  for (const int count : {2, 3, 7}) {
    ThreadRanks::run(count, [&](Communicator& ranks) {
      const models::Model own = models::make_model("mlp-8", set, 1);
      const calibration::Predictions all = distributed_predict(own, set, {.batch = 2}, ranks);
      CHECK(all.logits == models::predict(own, set, {.batch = 2}).logits);
      CHECK(all.labels == one.labels);
    });
  }
}

}  // namespace
}  // namespace temper::training
