#include "optim/state.h"

#include <cmath>

#include "core/kernels/optimizer_update.h"

namespace temper::optim {

OptimizerState::OptimizerState(ParameterStore& store, const std::vector<std::string_view>& names)
    : store_(&store), memory_(names.size() * store.values().size_bytes()) {
  TEMPER_CHECK(store.values().data(), "optimizer: the parameters have no values yet; call ParameterStore::commit first");
  const std::size_t extent = store.values().size();
  float* next = static_cast<float*>(memory_.data());
  std::fill_n(next, names.size() * extent, 0.0f);
  for (const std::string_view name : names) {
    arenas_.push_back({name, {next, extent}});
    next += extent;
  }
}

void OptimizerState::step(float learning_rate, double gradient_scale, Update update) {
  TEMPER_CHECK(std::isfinite(learning_rate) && learning_rate >= 0, "learning rate: ", learning_rate,
               " is not a finite number >= 0; check the schedule");
  TEMPER_CHECK(std::isfinite(gradient_scale) && gradient_scale >= 0, "gradient scale: ", gradient_scale,
               " is not a finite number >= 0; 1 leaves the gradients unchanged");
  untouched_ = store_->zero_unwritten_gradients();
  for (const ParameterStore::Group& group : store_->groups()) {
    parallel_for(Chunks(group.end - group.begin, kElementGrain, kUpdateBlock),
                 [&](Index begin, Index end) { update(group, group.begin + begin, group.begin + end); });
  }
  store_->mark_gradients_stale();
  ++steps_;
}

void OptimizerState::set_steps(Index steps) {
  TEMPER_CHECK(steps >= 0, "optimizer: ", steps, " steps taken; the number cannot be negative");
  steps_ = steps;
}

}  // namespace temper::optim
