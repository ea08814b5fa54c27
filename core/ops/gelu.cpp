#include "core/ops/gelu.h"

#include <cmath>
#include <numbers>

#include "core/parallel.h"
#include "core/tape.h"

namespace temper {
namespace {

// In double: the C library's float erfc takes as long, and Phi(x) + x phi(x) cancels near its zero at -0.75. By erfc, because
// 1 + erf(x / sqrt 2) would cancel for negative x.
double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double normal_density(double x) { return std::numbers::inv_sqrtpi / std::numbers::sqrt2 * std::exp(-0.5 * x * x); }

// From -20 down y and its derivative are 0 in float32, from 20 up x and 1. Without a bound an infinite x would meet a factor of 0: NaN.
double bounded_below(double x) { return x < -20 ? -20 : x; }
double bounded(double x) { return x > 20 ? 20 : bounded_below(x); }

struct Gelu {
  static constexpr auto name = "gelu";

  Shape shape(const Shape& x) const { return x; }

  void forward(In<0> x, Out y) const {
    parallel_for(x.size(), kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = static_cast<float>(bounded_below(x[i]) * normal_distribution(x[i]));
    });
  }

  void backward(In<0> x, Grad dy, IntoOver<0> dx) const {
    parallel_for(x.size(), kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        const double a = bounded(x[i]);
        dx.store(i, static_cast<float>(dy[i] * (normal_distribution(a) + a * normal_density(a))));
      }
    });
  }
};

}  // namespace

Tensor gelu(Tensor x) { return Tape::apply(Gelu{}, std::move(x)); }

}  // namespace temper
