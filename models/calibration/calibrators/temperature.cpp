#include "models/calibration/calibrators/temperature.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/engine/parallel.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

constexpr Index kPreviewSamples = 2048;  // of a large set, solved first for a starting point
constexpr double kClose = 1e-5;          // a Newton step in log T this small leaves an error of its square
constexpr int kMostSteps = 100;          // bisection alone needs about 50, hard data took 12

// The mean NLL at a temperature and its derivatives with respect to u = log T. With x_k = (z_k - max) / T, so dx/du = -x:
//   NLL = log sum_k exp(x_k) - x_y,   NLL' = x_y - E_p[x],   NLL'' = Var_p[x] + E_p[x] - x_y.
struct Point {
  double temperature = 1, nll = 0, slope = 0, curvature = 0;
};

Point operator+(const Point& a, const Point& b) { return {a.temperature, a.nll + b.nll, a.slope + b.slope, a.curvature + b.curvature}; }

Point sample_point(std::span<const float> row, std::size_t label, double temperature) {
  constexpr double kFinite = -1e300;  // 0 * -inf would be NaN
  double first = 0, second = 0;
  const Softmax p = softmax_terms(row, temperature, [&](std::size_t, std::span<const double> x, std::span<const double> e) {
    first += sum_terms(x.size(), [&](std::size_t k) { return e[k] * std::max(x[k], kFinite); });
    second += sum_terms(x.size(), [&](std::size_t k) { return e[k] * std::max(x[k], kFinite) * std::max(x[k], kFinite); });
  });
  const auto z_label = static_cast<double>(row[label]);
  const double mean = first * p.confidence(), x_label = p.scaled(z_label);
  return {temperature, -p.log_probability(z_label), x_label - mean, second * p.confidence() - mean * mean + mean - x_label};
}

// Looks at one sample of every `stride`, drawn by a fixed generator: taking the first of each could meet a period in the data.
Point evaluate(const RowSubset& data, Index stride, double temperature) {
  const Random pick(0, {});
  const Index samples = data.size() / stride;
  const Point zero{.temperature = temperature};
  const auto sum_of = [&](Index begin, Index end) {
    Point sum = zero;
    for (Index j = begin; j < end; ++j) {
      const Index i = stride == 1 ? j : j * stride + pick.below(static_cast<std::uint64_t>(j), static_cast<std::uint32_t>(stride));
      sum = sum + sample_point(data.row(i), data.label(i), temperature);
    }
    return sum;
  };
  const Point sum = parallel_reduce(samples, grain(data), zero, sum_of, [](const Point& a, const Point& b) { return a + b; });
  const auto n = static_cast<double>(samples);
  return {temperature, sum.nll / n, sum.slope / n, sum.curvature / n};
}

// The temperatures between which the slope is known or assumed to change its sign. It is assumed at a bound that was not looked at yet.
struct Bracket {
  double lowest = Temperature::kLowest, highest = Temperature::kHighest;
  bool lowest_seen = false, highest_seen = false;

  void narrow(const Point& point) {
    if (point.slope < 0) lowest = point.temperature, lowest_seen = true;
    if (point.slope > 0) highest = point.temperature, highest_seen = true;
  }
  bool holds(double temperature) const { return temperature > lowest && temperature < highest; }
};

struct Minimum {
  Point identity, point;
  Status status = Status::kept_identity;
};

// The end of a Newton step too small to need another look: there NLL' = 0, and the parabola through the point gives the NLL.
Point refined(const Point& point, double step) {
  return {point.temperature * std::exp(step), point.nll + point.slope * step / 2, 0, point.curvature};
}

// Newton's method in log T inside a shrinking bracket. Where a Newton step leaves the bracket or is not half of the last one, the bound
// ahead is looked at (on data without a mistake Newton would creep towards T = 0 for ever); where that was done before, the bracket is
// bisected.
Minimum minimise(const RowSubset& data, Index stride, std::optional<double> guess) {
  const Point identity = evaluate(data, stride, 1);
  if (identity.slope == 0 || !std::isfinite(identity.nll)) return {identity, identity, Status::kept_identity};

  Bracket bracket;
  Point point = identity;
  double last_step = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kMostSteps && point.slope != 0; ++i) {
    bracket.narrow(point);
    const double step = -point.slope / point.curvature;  // in log T
    const double newton = point.temperature * std::exp(step);
    const bool trusted = point.curvature > 0 && bracket.holds(newton) && std::abs(step) <= last_step / 2;
    if (trusted && std::abs(step) < kClose) return {identity, refined(point, step), Status::converged};

    const bool falling = point.slope < 0;  // towards larger T
    double next = std::sqrt(bracket.lowest * bracket.highest);
    if (i == 0 && guess && bracket.holds(*guess)) {
      next = *guess;
    } else if (trusted) {
      next = newton;
      last_step = std::abs(step);
    } else if (falling && !bracket.highest_seen) {
      next = bracket.highest;
    } else if (!falling && !bracket.lowest_seen) {
      next = bracket.lowest;
    }
    point = evaluate(data, stride, next);
    // A slope of 0 at a bound is an NLL that has already run flat there.
    if (next == Temperature::kLowest && point.slope >= 0) return {identity, point, Status::at_lower_bound};
    if (next == Temperature::kHighest && point.slope <= 0) return {identity, point, Status::at_upper_bound};
  }
  return {identity, point, Status::converged};
}

// Solves a thinned set first if the set is large: that costs little and saves passes over the whole.
Minimum minimise(const RowSubset& data, std::optional<double> guess) {
  const Index stride = data.size() / kPreviewSamples;
  if (stride >= 4 && !guess) {
    const Minimum preview = minimise(data, stride, std::nullopt);
    if (preview.status == Status::converged) guess = preview.point.temperature;
  }
  return minimise(data, 1, guess);
}

}  // namespace

Temperature Temperature::fit(const RowSubset& held_out, std::optional<double> guess) {
  check(held_out);
  const Minimum found = minimise(held_out, guess);
  const double before = found.identity.nll;
  if (!(found.point.nll < before)) return {.nll_before = before, .nll_after = before};
  return {.value = found.point.temperature, .status = found.status, .nll_before = before, .nll_after = found.point.nll};
}

Predictions Temperature::apply(const Predictions& predictions) const {
  return calibration::apply(TemperatureCalibrator(value), predictions);
}

std::optional<double> fitted_temperature(const Fitted& fitted) {
  if (fitted.kind != &kTemperature) return std::nullopt;
  const Parameters parameters = fitted.calibrator->parameters();
  const auto found = parameters.find("temperature");
  return found == parameters.end() ? 1.0 : found->second.at(0);
}

constinit const CalibratorKind kTemperature{
    .name = "temperature",
    .description = "z / T, one T for all samples",
    .fit = [](const RowSubset& held_out, const FitOptions&, const Calibrator* start) -> Fitted {
      std::optional<double> guess;
      if (start != nullptr) guess = start->parameters().at("temperature").at(0);
      const Temperature found = Temperature::fit(held_out, guess);
      return {.calibrator = std::make_shared<TemperatureCalibrator>(found.value), .status = found.status};
    },
    .make = [](Index, const Parameters& parameters) -> std::unique_ptr<const Calibrator> {
      return std::make_unique<TemperatureCalibrator>(find_parameter(parameters, "temperature", 1)[0]);
    }};

}  // namespace temper::calibration
