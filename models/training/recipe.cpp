#include "models/training/recipe.h"

#include "core/base/names.h"
#include "data/sources.h"
#include "models/networks/registry.h"
#include "models/training/optimizer.h"
#include "models/training/recipe_file.h"
#include "models/training/settings.h"

namespace temper::training {

Recipe Recipe::for_data(const std::string& spec) {
  Recipe recipe;
  if (const data::DataSource* source = data::find_source(spec)) read_recipe(source->settings, str_cat("data ", source->kind), recipe);
  return recipe;
}

bool Recipe::reads_text() const { return models::reads_text(model); }

Index Recipe::usual_batch(Index images) {
  constexpr Index kSmallest = 8, kLargest = 64, kSteps = 10;
  Index batch = kLargest;
  while (batch > kSmallest && images / batch < kSteps) batch /= 2;
  return batch;
}

Recipe Recipe::resolved(Index steps_an_epoch) const {
  Recipe recipe = *this;
  if (steps == 0) return recipe;
  recipe.epochs = (steps + steps_an_epoch - 1) / steps_an_epoch;
  return recipe;
}

// Ranges are rules of the settings; here is what several of them must have in common.
void Recipe::check() const {
  for (const Setting& setting : settings()) {
    if (setting.is_for_network(*this)) setting.check(*this);
  }
  TEMPER_CHECK(shards >= 0 && (reads_text() || batch == kBySize || shards <= batch), "--shards: ", shards,
               " is not allowed; give 0 to the number of images in a batch");
  if (reads_text()) {
    TEMPER_CHECK(text.batch_tokens > text.longest, "--batch-tokens: ", text.batch_tokens,
                 " is not allowed; give more than --longest, so that each pair fits");
    TEMPER_CHECK(!sync_batch_norm, "--sync-batch-norm: a Transformer normalises no batches; leave it out");
  }
  data::check(augment.photo);
  distillation.check();
  find_optimizer(optimizer).check(*this);
}

std::string_view name(Recipe::Keep keep) {
  return keep == Recipe::Keep::last ? "last" : keep == Recipe::Keep::best_accuracy ? "best-accuracy" : "best-nll";
}

Recipe::Keep parse_keep(std::string_view name) {
  using enum Recipe::Keep;
  return find_by_name(name, {last, best_accuracy, best_nll}, "last, best-accuracy or best-nll");
}

}  // namespace temper::training
