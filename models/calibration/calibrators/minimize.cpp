#include "models/calibration/calibrators/minimize.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <numeric>
#include <vector>

#include "core/base/check.h"

namespace temper::calibration {
namespace {

using Vector = std::vector<double>;

double dot(std::span<const double> a, std::span<const double> b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

void add(std::span<double> x, double factor, std::span<const double> y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += factor * y[i];
}

double largest(std::span<const double> x) {
  double most = 0;
  for (const double value : x) most = std::max(most, std::abs(value));
  return most;
}

// What the last steps taught: x moved by `step`, the gradient by `change`.
struct Memory {
  Vector step, change;
  double product;  // of the two, above 0
};

// - H g by the two-loop recursion. What it starts from is scaled to the last step's curvature.
Vector direction(const Vector& gradient, const std::deque<Memory>& memories, const MinimizeOptions& options) {
  const auto precondition = [&](Vector& v) {
    if (options.precondition) options.precondition(v);
  };
  Vector d = gradient, weights(memories.size());
  for (std::size_t m = memories.size(); m-- > 0;) {
    weights[m] = dot(memories[m].step, d) / memories[m].product;
    add(d, -weights[m], memories[m].change);
  }
  precondition(d);
  if (!memories.empty()) {
    Vector change = memories.back().change;
    precondition(change);
    const double scale = memories.back().product / dot(memories.back().change, change);
    for (double& value : d) value *= scale;
  }
  for (std::size_t m = 0; m < memories.size(); ++m) add(d, weights[m] - dot(memories[m].change, d) / memories[m].product, memories[m].step);
  for (double& value : d) value = -value;
  return d;
}

struct Position {
  Vector x, gradient;
  double value = 0;
};

// A point on the line from `from` along d where the slope is at most 0.3 of the first one in size and f is no larger; the same x when there
// is none.
Position along(Objective f, const Position& from, const Vector& d, double first_step) {
  constexpr int kMostLooks = 60;
  constexpr double kFlat = 0.3, kRounding = 1e-14;
  const double slope = dot(from.gradient, d), ceiling = from.value + kRounding * std::abs(from.value);
  double low = 0, high = std::numeric_limits<double>::infinity(), t = first_step;
  Position to = from;
  for (int look = 0; look < kMostLooks; ++look) {
    for (std::size_t i = 0; i < to.x.size(); ++i) to.x[i] = from.x[i] + t * d[i];
    to.value = f(to.x, to.gradient);
    const double there = dot(to.gradient, d);
    const bool finite = std::isfinite(to.value) && std::isfinite(there);
    if (!finite || (there > 0 && (there > kFlat * -slope || to.value > ceiling))) {
      high = t;
    } else if (there < kFlat * slope) {
      low = t;
    } else {
      return to;
    }
    t = std::isfinite(high) ? (low + high) / 2 : 2 * low;
  }
  return from;
}

}  // namespace

Minimized minimize(Objective f, std::span<double> x, const MinimizeOptions& options) {
  Position at{.x = Vector(x.begin(), x.end()), .gradient = Vector(x.size())};
  at.value = f(at.x, at.gradient);
  TEMPER_CHECK(std::isfinite(at.value), "minimize: the function is ", at.value, " at the start; start where it is finite");
  std::deque<Memory> memories;
  Minimized result;
  for (; result.steps < options.most_steps && largest(at.gradient) > options.tolerance; ++result.steps) {
    const Vector d = direction(at.gradient, memories, options);
    const bool unscaled = memories.empty() && !options.precondition;
    const double first = unscaled ? std::min(1.0, 1 / largest(at.gradient)) : 1;
    Position next = along(f, at, d, first);
    if (next.x == at.x) {
      if (memories.empty()) break;
      memories.clear();  // old curvature misled: once more along the gradient
      continue;
    }
    Memory memory{.step = next.x, .change = next.gradient, .product = 0};
    add(memory.step, -1, at.x);
    add(memory.change, -1, at.gradient);
    memory.product = dot(memory.step, memory.change);
    if (memory.product > 0) memories.push_back(std::move(memory));
    if (static_cast<Index>(memories.size()) > options.history) memories.pop_front();
    at = std::move(next);
  }
  std::copy(at.x.begin(), at.x.end(), x.begin());
  result.value = at.value;
  result.slope = largest(at.gradient);
  result.converged = result.slope <= options.tolerance;
  return result;
}

}  // namespace temper::calibration
