#include "models/training/best_weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace temper::training {

std::size_t kept_epoch(const std::vector<EpochRecord>& epochs, Recipe::Keep keep) {
  if (keep == Recipe::Keep::last) return epochs.size() - 1;
  const auto loss = [keep](const EpochRecord& epoch) {
    const double value = keep == Recipe::Keep::best_accuracy ? -epoch.val.accuracy : epoch.val.nll;
    return std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
  };
  return static_cast<std::size_t>(std::ranges::min_element(epochs, {}, loss) - epochs.begin());
}

bool out_of_patience(const std::vector<EpochRecord>& epochs, Index patience) {
  if (patience == 0 || epochs.empty()) return false;
  return static_cast<Index>(epochs.size() - 1 - kept_epoch(epochs, Recipe::Keep::best_nll)) >= patience;
}

BestWeights::BestWeights(ParameterStore& store, Recipe::Keep keep) : keep_(keep) {
  if (keep != Recipe::Keep::last) best_.emplace(store);
}

void BestWeights::after_epoch(const std::vector<EpochRecord>& epochs) {
  if (best_ && kept_epoch(epochs, keep_) + 1 == epochs.size()) best_->update(0);
}

void BestWeights::copy_back() {
  if (best_) best_->copy_back();
}

std::vector<optim::StateArena> BestWeights::state() {
  if (!best_) return {};
  return {{"best", best_->values()}};
}

}  // namespace temper::training
