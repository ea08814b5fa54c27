#include "models/training/effect.h"

#include <doctest/doctest.h>

#include "data/dataset.h"
#include "models/networks/model.h"
#include "models/training/recipe_file.h"

namespace temper::training {
namespace {

Recipe recipe_of(const char* settings) {
  Recipe recipe = Recipe::for_data("digits");
  recipe.epochs = 10;
  read_recipe(settings, "settings", recipe);
  return recipe;
}

std::string doubts_of(const char* settings, Index steps_an_epoch = 20) {
  static const models::Model model = models::make_model("mlp-4", data::digits().train, 1);
  std::string all;
  for (const std::string& doubt : doubts(recipe_of(settings), steps_an_epoch, *model.parameters)) all += doubt + "\n";
  return all;
}

TEST_CASE("effect: a lookahead that is longer than the run would keep the first weights, and is refused") {
  CHECK_NOTHROW(check_effect(recipe_of("lookahead = 200"), 20));
  CHECK_THROWS_WITH_AS(check_effect(recipe_of("lookahead = 201"), 20),
                       "--lookahead: 201 steps, and the run has 200; give at most that, or 0 for none", Error);
  CHECK_THROWS_AS(check_effect(recipe_of("lookahead = 7\nsteps = 6"), 20), Error);
}

TEST_CASE("effect: what learns little or nothing is doubted, and nothing else") {
  CHECK(doubts_of("") == "");
  CHECK(doubts_of("lr = 0") == "--lr: 0 trains nothing\n");
  CHECK(doubts_of("freeze = [\"*=0\"]") == "--freeze: all parameters of the network stand still, so nothing is trained\n");
  CHECK(doubts_of("freeze = [\"weight:*=0\"]\nlr_factors = [\"bias:*=0\"]") != "");
  CHECK(doubts_of("freeze = [\"weight:*=0\"]") == "");
  CHECK(doubts_of("freeze = [\"*=1\"]") == "");
  CHECK(doubts_of("smoothing = 1") != "");
  CHECK(doubts_of("warm_up_steps = 200") != "");
  CHECK(doubts_of("warm_up_steps = 199") == "");
  CHECK(doubts_of("steps = 99") ==
        "the run has 99 steps in all, and few networks learn in that; give more --epochs, or a smaller --batch\n");
  CHECK(doubts_of("epochs = 1", 1).starts_with("the run has 1 step in all"));
  CHECK(doubts_of("steps = 100") == "");
}

TEST_CASE("effect: the usual batch of few images gives ten steps an epoch") {
  CHECK(Recipe::usual_batch(1) == 8);
  CHECK(Recipe::usual_batch(39) == 8);
  CHECK(Recipe::usual_batch(159) == 8);
  CHECK(Recipe::usual_batch(160) == 16);
  CHECK(Recipe::usual_batch(639) == 32);
  CHECK(Recipe::usual_batch(640) == 64);
  CHECK(Recipe::usual_batch(1'000'000) == 64);
}

}  // namespace
}  // namespace temper::training
