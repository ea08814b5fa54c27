#include "models/training/best_weights.h"

#include <doctest/doctest.h>

#include <limits>

#include "models/training/recipe_file.h"
#include "models/training/trainer.h"

namespace temper::training {
namespace {

std::vector<EpochRecord> epochs_of(std::initializer_list<std::pair<double, double>> accuracy_and_nll) {
  std::vector<EpochRecord> epochs;
  for (const auto& [accuracy, nll] : accuracy_and_nll) {
    epochs.push_back({});
    epochs.back().val.accuracy = accuracy;
    epochs.back().val.nll = nll;
  }
  return epochs;
}

TEST_CASE("best weights: the first of the best epochs, by either measure") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const auto epochs = epochs_of({{0.5, kNaN}, {0.9, 0.4}, {0.8, 0.3}, {0.9, 0.3}, {0.7, 0.9}});
  CHECK(kept_epoch(epochs, Recipe::Keep::last) == 4);
  CHECK(kept_epoch(epochs, Recipe::Keep::best_accuracy) == 1);
  CHECK(kept_epoch(epochs, Recipe::Keep::best_nll) == 2);
}

TEST_CASE("run state: the record of an epoch has the means of its sums") {
  const EpochRecord record = RunningEpoch{.learning_rate = 0.5, .loss = 30, .correct = 15, .samples = 20, .seconds = 4}.record(3);
  CHECK(record.epoch == 3);
  CHECK(record.learning_rate == 0.5);
  CHECK(record.train_loss == 1.5);
  CHECK(record.train_accuracy == 0.75);
  CHECK(record.seconds == 4);
  CHECK(record.samples_per_second == 5);
}

TEST_CASE("best weights: patience is over when the validation NLL has not fallen for so many epochs") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const auto epochs = epochs_of({{0.5, 0.5}, {0.9, 0.4}, {0.8, 0.4}, {0.9, kNaN}, {0.7, 0.9}});  // the best is the second
  CHECK_FALSE(out_of_patience(epochs, 0));
  CHECK(out_of_patience(epochs, 3));
  CHECK_FALSE(out_of_patience(epochs, 4));
  CHECK_FALSE(out_of_patience({}, 1));
}

TEST_CASE("best weights: a run whose last epoch spoils the network leaves the best one, averaged or not") {
  const data::Splits splits = data::digits();
  for (const char* average : {"", "\nema = 0.5"}) {
    CAPTURE(average);
    Recipe recipe = Recipe::for_data("digits");
    read_recipe(str_cat("model = \"cnn\"\nepochs = 3\nschedule = \"step\"\nmilestones = [2]\nmilestone_factor = 30\n", average), "settings",
                recipe);
    const auto trained = [&](Recipe::Keep keep, std::vector<EpochRecord>& epochs) {
      recipe.keep = keep;
      const models::Model model = models::make_model(recipe.model, splits.train, recipe.seed);
      epochs = train(model, splits.train, splits.val, recipe, cross_entropy(recipe));
      return calibration::metrics(models::predict(model, splits.val)).nll;
    };
    std::vector<EpochRecord> last, best;
    const double last_nll = trained(Recipe::Keep::last, last), best_nll = trained(Recipe::Keep::best_nll, best);
    CHECK(last_nll == last[2].val.nll);
    CHECK(best_nll == best[1].val.nll);
    CHECK(best_nll < 0.5 * last_nll);
    CHECK(best[2].val.nll == last[2].val.nll);  // what is kept does not act on the training
  }
}

}  // namespace
}  // namespace temper::training
