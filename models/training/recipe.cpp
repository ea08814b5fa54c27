#include "models/training/recipe.h"

#include <cmath>

namespace temper::training {

Recipe Recipe::for_data(const std::string& name) {
  Recipe recipe;
  if (name == "digits") {
    recipe.epochs = 40;
    recipe.batch = 32;
    recipe.augment = data::shift(1);
  } else if (name == "mnist") {
    recipe.epochs = 5;
    recipe.batch = 128;
    recipe.learning_rate = 0.03f;
  } else if (name == "cifar10" || name == "cifar100") {
    recipe.epochs = 30;
    recipe.batch = 128;
    recipe.learning_rate = 0.1f;
    recipe.augment = data::crop_flip(4);
    recipe.warm_up_epochs = 1;
  }
  return recipe;
}

void Recipe::check() const {
  const auto require = [](bool condition, const char* option, auto value, const char* rule) {
    TEMPER_CHECK(condition, "--", option, ": ", value, " is not allowed; ", rule);
  };
  require(epochs >= 1, "epochs", epochs, "give at least 1");
  require(batch >= 1, "batch", batch, "give at least 1");
  require(smoothing >= 0 && smoothing <= 1, "smoothing", smoothing,
          "give a number in [0,1], the share of the target that is spread over all classes");
  require(loss_scale > 0 && std::isfinite(loss_scale), "loss-scale", loss_scale, "give a finite number > 0");
  require(learning_rate >= 0 && std::isfinite(learning_rate), "lr", learning_rate, "give a finite number >= 0");
  require(momentum >= 0 && momentum < 1, "momentum", momentum, "give a number in [0,1)");
  require(dampening >= 0 && dampening <= 1, "dampening", dampening, "give a number in [0,1]");
  require(!(optimizer == OptimizerKind::sgd && nesterov && momentum > 0 && dampening > 0), "dampening", dampening,
          "Nesterov momentum has none: add --no-nesterov");
  require(weight_decay >= 0 && std::isfinite(weight_decay), "weight-decay", weight_decay, "give a finite number >= 0");
  require(clip_norm >= 0 && std::isfinite(clip_norm), "clip", clip_norm, "give the largest norm of the gradient, or 0 for no limit");
  require(warm_up_epochs >= 0 && std::isfinite(warm_up_epochs), "warm-up", warm_up_epochs, "give a number of epochs >= 0");
  for (const float milestone : milestones) require(milestone >= 0 && std::isfinite(milestone), "milestones", milestone, "give epochs >= 0");
  require(augment.shift >= 0, "shift", augment.shift, "give a number of pixels >= 0");
  require(crop >= 0, "crop", crop, "give the pixels of a side, or 0 for the whole image");
}

std::string_view name(Recipe::OptimizerKind kind) { return kind == Recipe::OptimizerKind::sgd ? "sgd" : "adamw"; }

Recipe::OptimizerKind optimizer_kind(std::string_view name) {
  TEMPER_CHECK(name == "sgd" || name == "adamw", "--optimizer: ", name, " is not known; give sgd or adamw");
  return name == "sgd" ? Recipe::OptimizerKind::sgd : Recipe::OptimizerKind::adamw;
}

}  // namespace temper::training
