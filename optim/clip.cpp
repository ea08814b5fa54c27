#include "optim/clip.h"

#include <cmath>

#include "core/engine/parallel.h"
#include "core/kernels/optimizer_update.h"

namespace temper::optim {
namespace {

[[noreturn]] void refuse(const ParameterStore& store) {
  for (const Parameter& parameter : store.parameters()) {
    for (Index i = 0; parameter.gradient && i < parameter.gradient.size(); ++i) {
      TEMPER_CHECK(std::isfinite(parameter.gradient[i]), "gradient clipping: the gradient of ", parameter.name, " holds ",
                   parameter.gradient[i], "; lower the learning rate or look for bad values in the data");
    }
  }
  throw Error("gradient clipping: the padding between the gradients is not finite; write only inside Parameter::gradient");
}

}  // namespace

Clip find_clip(ParameterStore& store, double max_norm) {
  TEMPER_CHECK(max_norm > 0, "gradient clipping: a norm of at most ", max_norm, " cannot be; give a number > 0");
  store.zero_unwritten_gradients();
  const std::span<const float> gradients = store.gradients();
  const auto squares = [&](Index begin, Index end) { return sum_of_squares(gradients.data() + begin, end - begin); };
  const auto sum = [](double a, double b) { return a + b; };
  const double norm =
      std::sqrt(parallel_reduce(Chunks(static_cast<Index>(gradients.size()), kElementGrain, kUpdateBlock), 0.0, squares, sum));
  if (!std::isfinite(norm)) refuse(store);
  return {norm, norm > max_norm ? max_norm / norm : 1};
}

double clip_global_norm(ParameterStore& store, double max_norm) {
  const Clip clip = find_clip(store, max_norm);
  if (clip.scale == 1) return clip.norm;
  const std::span<float> gradients = store.gradients();
  parallel_for(static_cast<Index>(gradients.size()), kElementGrain, [&](Index begin, Index end) {
    for (float& gradient : gradients.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin)))
      gradient = static_cast<float>(gradient * clip.scale);
  });
  return clip.norm;
}

}  // namespace temper::optim
