#include "optim/sgd.h"

#include <cmath>

#include "core/kernels/optimizer_update.h"

namespace temper::optim {
namespace {

const SgdOptions& checked(const SgdOptions& options) {
  TEMPER_CHECK(options.momentum >= 0 && options.momentum < 1, "momentum: ", options.momentum, " is not in [0, 1); 0.9 is usual");
  TEMPER_CHECK(options.dampening >= 0 && options.dampening <= 1, "dampening: ", options.dampening, " is not in [0, 1]; 0 is usual");
  TEMPER_CHECK(!options.nesterov || (options.momentum > 0 && options.dampening == 0),
               "nesterov: it needs momentum > 0 and dampening 0, not ", options.momentum, " and ", options.dampening,
               "; set both or turn it off");
  TEMPER_CHECK(std::isfinite(options.weight_decay) && options.weight_decay >= 0, "weight decay: ", options.weight_decay,
               " is not a finite number >= 0; 1e-4 is usual");
  return options;
}

std::vector<std::string_view> arenas(const SgdOptions& options) {
  if (options.momentum == 0) return {};
  return {"momentum"};
}

}  // namespace

Sgd::Sgd(ParameterStore& store, const SgdOptions& options) : Optimizer(store, arenas(checked(options))), options_(options) {}

void Sgd::update(float learning_rate, double gradient_scale) {
  float* const w = state_.store().values().data();
  const float* const g = state_.store().gradients().data();
  float* const v = options_.momentum == 0 ? nullptr : state_.arena(0);
  const SgdUpdate common{.rate = 0,
                         .decay = 0,
                         .scale = gradient_scale,
                         .momentum = static_cast<float>(options_.momentum),
                         // The buffer is 0 before the first step, so that step assigns.
                         .share = static_cast<float>(state_.steps() == 0 ? 1 : 1 - options_.dampening),
                         .nesterov = options_.nesterov};
  state_.step(learning_rate, gradient_scale, [&](const ParameterStore::Group& group, Index begin, Index end) {
    SgdUpdate of_group = common;
    of_group.rate = learning_rate * group.learning_rate_factor;
    of_group.decay = static_cast<float>(group_decay(group, options_.weight_decay, options_.decay_norm_and_bias));
    sgd_update(of_group, g + begin, end - begin, w + begin, v ? v + begin : nullptr);
  });
}

}  // namespace temper::optim
