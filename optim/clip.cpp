#include "optim/clip.h"

#include <array>
#include <cmath>

#include "core/parallel.h"

namespace temper::optim {
namespace {

// Squares of floats in double: 1e38 and 1e-38 are both far inside its range.
double sum_of_squares(std::span<const float> values) {
  constexpr Index kLanes = 8;  // sums side by side, for the compiler to vectorise; arenas are a multiple of them
  const auto map = [&](Index begin, Index end) {
    std::array<double, kLanes> sums{};
    for (Index i = begin; i < end; i += kLanes) {
      for (Index lane = 0; lane < kLanes; ++lane) {
        const double value = values[static_cast<std::size_t>(i + lane)];
        sums[static_cast<std::size_t>(lane)] += value * value;
      }
    }
    double sum = 0;
    for (const double lane : sums) sum += lane;
    return sum;
  };
  return parallel_reduce(static_cast<Index>(values.size()), kElementGrain, 0.0, map, [](double a, double b) { return a + b; });
}

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

double clip_global_norm(ParameterStore& store, double max_norm) {
  TEMPER_CHECK(max_norm > 0, "gradient clipping: a norm of at most ", max_norm, " cannot be; give a number > 0");
  store.settle_gradients();
  const std::span<float> gradients = store.gradients();
  const double norm = std::sqrt(sum_of_squares(gradients));
  if (!std::isfinite(norm)) refuse(store);
  if (norm > max_norm) {
    const double factor = max_norm / norm;  // stays double: gradients of 1e38 would make it a float of 0
    parallel_for(static_cast<Index>(gradients.size()), kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i)
        gradients[static_cast<std::size_t>(i)] = static_cast<float>(gradients[static_cast<std::size_t>(i)] * factor);
    });
  }
  return norm;
}

}  // namespace temper::optim
