#include "layers/init.h"

#include <cmath>

#include "core/engine/parallel.h"

namespace temper::layers {
namespace {

// value[i] = draw(i), on all threads.
template <class Draw> void fill(const View& value, Draw draw) {
  parallel_for(value.size(), kElementGrain, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) value[i] = static_cast<float>(draw(static_cast<std::uint64_t>(i)));
  });
}

void fill_uniform(const View& value, const Random& random, double low, double high) {
  fill(value, [&](std::uint64_t i) { return low + (high - low) * random.uniform(i); });
}

void fill_normal(const View& value, const Random& random, double stddev) {
  fill(value, [&](std::uint64_t i) { return stddev * random.normal(i); });
}

// The standard deviation of a standard normal that is cut at +-2.
constexpr double kTruncatedDeviation = 0.87962566103423978;

void fill_truncated_normal(const View& value, const Random& random, double stddev) {
  const auto size = static_cast<std::uint64_t>(value.size());
  fill(value, [&](std::uint64_t i) {
    double z = random.normal(i);
    for (std::uint64_t redraw = i + size; std::fabs(z) > 2; redraw += size) z = random.normal(redraw);
    return stddev * z;
  });
}

double kaiming_variance(const Shape& shape, double negative_slope, Fan fan) {
  const Fans count = fans(shape);
  return 2 / ((1 + negative_slope * negative_slope) * static_cast<double>(fan == Fan::in ? count.in : count.out));
}

double xavier_variance(const Shape& shape) {
  const Fans count = fans(shape);
  return 2 / static_cast<double>(count.in + count.out);
}

void check_stddev(const char* initializer, double stddev) {
  TEMPER_CHECK(std::isfinite(stddev) && stddev >= 0, initializer, ": a standard deviation of ", stddev,
               " cannot be; give a finite number >= 0");
}

void check_slope(const char* initializer, double slope) {
  TEMPER_CHECK(std::isfinite(slope), initializer, ": a negative slope of ", slope, " cannot be; 0 is that of ReLU");
}

}  // namespace

Fans fans(const Shape& shape) {
  TEMPER_CHECK(shape.rank() >= 2, "initializer: a parameter ", shape, " has no fan in and fan out; use constant, uniform or normal");
  Fans count{1, 1};
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (axis > 0) count.in *= shape[axis];
    if (axis < shape.rank() - 1) count.out *= shape[axis];
  }
  return count;
}

Initializer constant(float value) {
  return [=](const View& view, const Random&) { std::fill_n(view.data, view.size(), value); };
}

Initializer uniform(double low, double high) {
  TEMPER_CHECK(std::isfinite(low) && std::isfinite(high) && low <= high, "uniform: ", low, " to ", high,
               " is not a range; give finite bounds, the lower first");
  return [=](const View& value, const Random& random) { fill_uniform(value, random, low, high); };
}

Initializer normal(double stddev) {
  check_stddev("normal", stddev);
  return [=](const View& value, const Random& random) { fill_normal(value, random, stddev); };
}

Initializer truncated_normal(double stddev) {
  check_stddev("truncated_normal", stddev);
  return [=](const View& value, const Random& random) { fill_truncated_normal(value, random, stddev); };
}

Initializer lecun_normal() {
  return [](const View& value, const Random& random) {
    const double stddev = 1 / std::sqrt(static_cast<double>(fans(value.shape).in));
    fill_truncated_normal(value, random, stddev / kTruncatedDeviation);
  };
}

Initializer kaiming_normal(double negative_slope, Fan fan) {
  check_slope("kaiming_normal", negative_slope);
  return [=](const View& value, const Random& random) {
    fill_normal(value, random, std::sqrt(kaiming_variance(value.shape, negative_slope, fan)));
  };
}

Initializer kaiming_uniform(double negative_slope, Fan fan) {
  check_slope("kaiming_uniform", negative_slope);
  return [=](const View& value, const Random& random) {
    const double bound = std::sqrt(3 * kaiming_variance(value.shape, negative_slope, fan));
    fill_uniform(value, random, -bound, bound);
  };
}

Initializer xavier_normal() {
  return [](const View& value, const Random& random) { fill_normal(value, random, std::sqrt(xavier_variance(value.shape))); };
}

Initializer xavier_uniform() {
  return [](const View& value, const Random& random) {
    const double bound = std::sqrt(3 * xavier_variance(value.shape));
    fill_uniform(value, random, -bound, bound);
  };
}

Initializer dirac(Initializer rest) {
  if (!rest) rest = default_weight();
  return [=](const View& value, const Random& random) {
    const Shape& w = value.shape;
    TEMPER_CHECK(w.rank() == 4, "dirac: a parameter ", w, " is no kernel (K,R,S,C)");
    rest(value, random);
    const Index identities = std::min(w[0], w[3]), middle = (w[1] / 2 * w[2] + w[2] / 2) * w[3], filter = w[1] * w[2] * w[3];
    std::fill_n(value.data, identities * filter, 0.0f);
    for (Index k = 0; k < identities; ++k) value[k * filter + middle + k] = 1;
  };
}

Initializer default_weight() { return kaiming_uniform(std::sqrt(5.0)); }

Initializer default_bias(Index fan_in) {
  const double bound = fan_in > 0 ? 1 / std::sqrt(static_cast<double>(fan_in)) : 0;
  return uniform(-bound, bound);
}

}  // namespace temper::layers
