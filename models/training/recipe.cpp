#include "models/training/recipe.h"

#include <cmath>

#include "core/names.h"
#include "data/mixup.h"
#include "data/sources.h"
#include "models/networks/transformer.h"
#include "models/training/optimizer.h"
#include "models/training/recipe_file.h"

namespace temper::training {

Recipe Recipe::for_data(const std::string& spec) {
  Recipe recipe;
  if (const data::DataSource* source = data::find_source(spec)) read_recipe(source->settings, concat("data ", source->kind), recipe);
  return recipe;
}

bool Recipe::reads_text() const { return model.starts_with("transformer"); }

Recipe Recipe::resolved(Index steps_an_epoch) const {
  Recipe recipe = *this;
  if (steps == 0) return recipe;
  recipe.epochs = (steps + steps_an_epoch - 1) / steps_an_epoch;
  return recipe;
}

namespace {

template <class Value> void require(bool condition, const char* option, const Value& value, const char* rule) {
  TEMPER_CHECK(condition, "--", option, ": ", value, " is not allowed; ", rule);
}

void require_positive_or_zero(const char* option, float value, const char* rule = "give a finite number >= 0") {
  require(value >= 0 && std::isfinite(value), option, value, rule);
}

void check_optimizer(const Recipe& r) {
  require_positive_or_zero("lr", r.learning_rate);
  require(r.momentum >= 0 && r.momentum < 1, "momentum", r.momentum, "give a number in [0,1)");
  require(r.dampening >= 0 && r.dampening <= 1, "dampening", r.dampening, "give a number in [0,1]");
  require(r.beta1 >= 0 && r.beta1 < 1, "beta1", r.beta1, "give a number in [0,1)");
  require(r.beta2 >= 0 && r.beta2 < 1, "beta2", r.beta2, "give a number in [0,1)");
  require(r.epsilon > 0 && std::isfinite(r.epsilon), "epsilon", r.epsilon, "give a small number > 0");
  require_positive_or_zero("weight-decay", r.weight_decay);
  require_positive_or_zero("clip", r.clip_norm, "give the largest norm of the gradient, or 0 for no limit");
  require(r.ema_decay >= 0 && r.ema_decay < 1, "ema", r.ema_decay, "give a decay in [0,1), 0 for no average");
  require(r.lookahead_every >= 0, "lookahead", r.lookahead_every, "give a number of steps, 0 for no lookahead");
  require(r.lookahead_decay >= 0 && r.lookahead_decay <= 1, "lookahead-decay", r.lookahead_decay, "give a number in [0,1]");
}

void check_schedule(const Recipe& r) {
  require_positive_or_zero("warm-up", r.warm_up_epochs, "give a number of epochs >= 0");
  require(r.warm_up_steps >= 0, "warm-up-steps", r.warm_up_steps, "give a number of steps >= 0");
  for (const float milestone : r.milestones) require_positive_or_zero("milestones", milestone, "give epochs >= 0");
  for (const Index milestone : r.milestone_steps) require(milestone >= 0, "milestone-steps", milestone, "give steps >= 0");
  require_positive_or_zero("milestone-factor", r.milestone_factor);
  const auto factor = [](double value) { return value >= 0 && std::isfinite(value); };
  require(factor(r.triangle.start), "triangle-start", r.triangle.start, "give a finite factor of --lr >= 0");
  require(factor(r.triangle.end), "triangle-end", r.triangle.end, "give a finite factor of --lr >= 0");
  require(r.triangle.peak >= 0 && r.triangle.peak <= 1, "triangle-peak", r.triangle.peak, "give a part of the run in [0,1]");
}

void check_text(const Recipe& r) {
  models::transformer_spec(r.model, r.text.vocabulary.vocabulary);  // throws for a name that is none
  const Recipe::Text& text = r.text;
  require(text.longest >= 1, "longest", text.longest, "give subwords a sentence, at least 1");
  require(text.batch_tokens > text.longest, "batch-tokens", text.batch_tokens, "give more than --longest, so that each pair fits");
  require(text.dropout == Recipe::Text::kOwnDropout || (text.dropout >= 0 && text.dropout < 1), "dropout", text.dropout,
          "give a number in [0,1), or -1 for what the network has by its name");
  require(text.vocabulary.vocabulary >= 8, "vocabulary", text.vocabulary.vocabulary, "give at least 8");
}

}  // namespace

void Recipe::check() const {
  require(epochs >= 1, "epochs", epochs, "give at least 1");
  require(steps >= 0, "steps", steps, "give at least 1, or 0 for the end of the last epoch");
  require(batch >= 1, "batch", batch, "give at least 1");
  require(shards >= 0 && (reads_text() || shards <= batch), "shards", shards, "give 0 to the number of images in a batch");
  require(val_size == kOwnSplit || val_size >= 1, "val-size", val_size, "give at least 1, or -1 for the division that the data has");
  require(smoothing >= 0 && smoothing <= 1, "smoothing", smoothing,
          "give a number in [0,1], the share of the target that is spread over all classes");
  require(loss_scale > 0 && std::isfinite(loss_scale), "loss-scale", loss_scale, "give a finite number > 0");
  require(augment.shift >= 0, "shift", augment.shift, "give a number of pixels >= 0");
  require(mixup >= 0 && mixup <= data::kLargestMixup, "mixup", mixup, "give an alpha in [0,4], 0 for none");
  require(image_size >= 0, "image-size", image_size, "give the pixels of a side, or 0 for the usual size");
  require(short_side >= 0, "resize", short_side, "give the pixels of the short side, or 0 for the usual margin");
  data::check(augment.photo);
  require(crop >= 0, "crop", crop, "give the pixels of a side, or 0 for the whole image");
  if (reads_text()) check_text(*this);
  TEMPER_CHECK(!reads_text() || !sync_batch_norm, "--sync-batch-norm: a Transformer normalises no batches; leave it out");
  distillation.check();
  check_optimizer(*this);
  find_optimizer(optimizer).check(*this);
  check_schedule(*this);
}

std::string_view name(Recipe::Keep keep) {
  return keep == Recipe::Keep::last ? "last" : keep == Recipe::Keep::best_accuracy ? "best-accuracy" : "best-nll";
}

Recipe::Keep keep(std::string_view name) {
  using enum Recipe::Keep;
  return by_name(name, {last, best_accuracy, best_nll}, "last, best-accuracy or best-nll");
}

}  // namespace temper::training
