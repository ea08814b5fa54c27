#include "optim/average.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/engine/inference_scope.h"
#include "core/engine/parallel.h"

namespace temper::optim {

WeightAverage::WeightAverage(ParameterStore& store)
    : store_(&store),
      memory_(store.all_values().size_bytes()),
      average_(static_cast<float*>(memory_.data())),
      size_(static_cast<Index>(store.all_values().size())) {
  TEMPER_CHECK(store.all_values().data(), "weight average: the parameters have no values yet; call ParameterStore::commit first");
  std::copy_n(store.all_values().data(), size_, average_);
}

void WeightAverage::update(double decay) {
  TEMPER_CHECK(decay >= 0 && decay <= 1, "weight average: decay ", decay, " is not in [0, 1]; 0.999 is usual");
  const auto keep = static_cast<float>(decay), share = static_cast<float>(1 - decay);
  const float* const w = store_->all_values().data();
  // From the nearer end, as torch.lerp: what never changes stays the same bits.
  parallel_for(size_, kElementGrain, [&](Index begin, Index end) {
    if (share < 0.5f) {
      for (Index i = begin; i < end; ++i) average_[i] += share * (w[i] - average_[i]);
    } else {
      for (Index i = begin; i < end; ++i) average_[i] = w[i] - keep * (w[i] - average_[i]);
    }
  });
}

void WeightAverage::copy_back() {
  InferenceScope::invalidate(*store_);
  std::copy_n(average_, size_, store_->all_values().data());
}

void WeightAverage::exchange() {
  InferenceScope::invalidate(*store_);
  std::swap_ranges(average_, average_ + size_, store_->all_values().data());
}

double moving_average_decay(Index step, double decay) {
  const auto t = static_cast<double>(step);
  return std::min(decay, (1 + t) / (10 + t));
}

double lookahead_decay(Index step, Index total, Index every, double decay) {
  TEMPER_CHECK(total >= 1 && step >= 0 && step <= total && every >= 1, "lookahead: step ", step, " of ", total, ", every ", every,
               "; give a step of the run, and at least 1");
  const double way = static_cast<double>(step) / static_cast<double>(total);
  return std::pow(decay, static_cast<double>(every)) * way * way * way;
}

}  // namespace temper::optim
