#include "optim/adamw.h"

#include <cmath>

#include "core/kernels/optimizer_update.h"

namespace temper::optim {
namespace {

const AdamWOptions& checked(const AdamWOptions& options) {
  TEMPER_CHECK(options.beta1 >= 0 && options.beta1 < 1, "beta1: ", options.beta1, " is not in [0, 1); 0.9 is usual");
  TEMPER_CHECK(options.beta2 >= 0 && options.beta2 < 1, "beta2: ", options.beta2, " is not in [0, 1); 0.999 is usual");
  // Below the smallest normal float it would be flushed to 0, and a zero gradient give 0/0.
  TEMPER_CHECK(std::isfinite(options.epsilon) && options.epsilon >= 1.2e-38, "epsilon: ", options.epsilon,
               " is not a finite number >= 1.2e-38; 1e-8 is usual");
  TEMPER_CHECK(std::isfinite(options.weight_decay) && options.weight_decay >= 0, "weight decay: ", options.weight_decay,
               " is not a finite number >= 0; 0.01 is usual");
  return options;
}

}  // namespace

AdamW::AdamW(ParameterStore& store, const AdamWOptions& options)
    : Optimizer(store, {"first_moment", "second_moment"}), options_(checked(options)) {}

void AdamW::update(float learning_rate, double gradient_scale) {
  float* const w = state_.store().values().data();
  const float* const g = state_.store().gradients().data();
  float* const m = state_.arena(0);
  float* const v = state_.arena(1);
  const auto t = static_cast<double>(state_.steps() + 1);
  const AdamWUpdate common{.keep = 1,
                           .rate = 0,
                           .correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t))),
                           .epsilon = static_cast<float>(options_.epsilon),
                           .beta1 = static_cast<float>(options_.beta1),
                           .share1 = static_cast<float>(1 - options_.beta1),
                           .beta2 = static_cast<float>(options_.beta2),
                           .share2 = static_cast<float>(1 - options_.beta2),
                           .scale = gradient_scale};
  const double unbiased = 1 / (1 - std::pow(options_.beta1, t));
  state_.step(learning_rate, gradient_scale, [&](const ParameterStore::Group& group, Index begin, Index end) {
    AdamWUpdate of_group = common;
    const double group_rate = static_cast<double>(learning_rate) * group.learning_rate_factor;
    of_group.rate = static_cast<float>(group_rate * unbiased);
    of_group.keep = static_cast<float>(1 - group_rate * group_decay(group, options_.weight_decay, options_.decay_norm_and_bias));
    adamw_update(of_group, g + begin, end - begin, w + begin, m + begin, v + begin);
  });
}

}  // namespace temper::optim
