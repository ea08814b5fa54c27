#include "models/calibration/calibrators/ensemble.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/engine/parallel.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

using Weights = EnsembleCalibrator::Weights;

constexpr Index kGrain = 1 << 14;

// The objective at w, with g_j = mean(q_j / (w . q)), minus its gradient, and its Hessian mean(q_j q_k / (w . q)^2).
struct Expansion {
  double value = 0;
  std::array<double, 3> g{};
  std::array<std::array<double, 3>, 3> hessian{};
};

Expansion evaluate(std::span<const Weights> densities, const Weights& w) {
  const auto n = static_cast<double>(densities.size());
  const auto sum_of = [&](Index begin, Index end) {
    Expansion sum;
    for (Index i = begin; i < end; ++i) {
      const Weights& q = densities[static_cast<std::size_t>(i)];
      const double mixture = w[0] * q[0] + w[1] * q[1] + w[2] * q[2];
      sum.value -= std::log(mixture) / n;
      for (std::size_t j = 0; j < 3; ++j) {
        sum.g[j] += q[j] / mixture / n;
        for (std::size_t k = 0; k < 3; ++k) sum.hessian[j][k] += q[j] / mixture * (q[k] / mixture) / n;
      }
    }
    return sum;
  };
  const auto join = [](Expansion a, const Expansion& b) {
    a.value += b.value;
    for (std::size_t j = 0; j < 3; ++j) {
      a.g[j] += b.g[j];
      for (std::size_t k = 0; k < 3; ++k) a.hessian[j][k] += b.hessian[j][k];
    }
    return a;
  };
  return parallel_reduce(static_cast<Index>(densities.size()), kGrain, Expansion{}, sum_of, join);
}

// Solves the bordered system of the least quadratic model on the coordinates of `free`, the others 0 and the sum 1, by elimination with
// pivots. H w = g, so the model of the objective at v is v'Hv / 2 - 2 g'v + constant.
Weights least_of_model(const Expansion& at, const std::vector<std::size_t>& free) {
  Weights v{};
  if (free.size() == 1) {  // a corner, exactly
    v[free[0]] = 1;
    return v;
  }
  const std::size_t n = free.size() + 1;
  std::array<std::array<double, 5>, 4> rows{};
  for (std::size_t i = 0; i + 1 < n; ++i) {
    for (std::size_t j = 0; j + 1 < n; ++j) rows[i][j] = at.hessian[free[i]][free[j]];
    rows[i][i] *= 1 + 1e-12;  // T = 1 makes two densities the same
    rows[i][n - 1] = rows[n - 1][i] = 1;
    rows[i][n] = 2 * at.g[free[i]];
  }
  rows[n - 1][n] = 1;
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t i = column; i < n; ++i)
      if (std::abs(rows[i][column]) > std::abs(rows[pivot][column])) pivot = i;
    std::swap(rows[column], rows[pivot]);
    for (std::size_t i = 0; i < n; ++i) {
      const double factor = i == column ? 0 : rows[i][column] / rows[column][column];
      for (std::size_t j = column; j <= n; ++j) rows[i][j] -= factor * rows[column][j];
    }
  }
  for (std::size_t i = 0; i + 1 < n; ++i) v[free[i]] = rows[i][n] / rows[i][i];
  return v;
}

double model(const Expansion& at, const Weights& v) {
  double value = 0;
  for (std::size_t j = 0; j < 3; ++j) {
    value -= 2 * at.g[j] * v[j];
    for (std::size_t k = 0; k < 3; ++k) value += v[j] * at.hessian[j][k] * v[k] / 2;
  }
  return value;
}

// The least point of the model on the simplex: the best of its faces whose own least point lies inside, corners always.
Weights newton_target(const Expansion& at) {
  Weights best{};
  double least = std::numeric_limits<double>::infinity();
  for (unsigned face = 1; face < 8; ++face) {
    std::vector<std::size_t> free;
    for (std::size_t j = 0; j < 3; ++j)
      if (face >> j & 1) free.push_back(j);
    const Weights v = least_of_model(at, free);
    const bool inside = std::ranges::all_of(v, [](double weight) { return weight >= 0 && weight <= 1; });
    if (inside && model(at, v) < least) best = v, least = model(at, v);
  }
  return best;
}

}  // namespace

EnsembleCalibrator::EnsembleCalibrator(double temperature, const Weights& weights) : temperature_(temperature), weights_(weights) {
  check_temperature(temperature);
  double sum = 0;
  for (const double weight : weights) {
    TEMPER_CHECK(weight >= 0 && weight <= 1, "weights: ", weight, " is not in 0..1; calibrate again");
    sum += weight;
  }
  TEMPER_CHECK(std::abs(sum - 1) < 1e-6, "weights: they sum to ", sum, ", not to 1; calibrate again");
}

void EnsembleCalibrator::apply(std::span<const float> logits, std::span<double> calibrated) const {
  const double classes = static_cast<double>(logits.size());
  const Softmax hot = softmax(logits, temperature_), plain = softmax(logits, 1);
  for (std::size_t k = 0; k < logits.size(); ++k) {
    const auto z = static_cast<double>(logits[k]);
    // The logarithm of a sum of exponentials: a class that is all but impossible keeps its logarithm.
    const double a = std::log(weights_[0]) + hot.log_probability(z), b = std::log(weights_[1]) + plain.log_probability(z);
    const double c = std::log(weights_[2] / classes), most = std::max({a, b, c});
    calibrated[k] = std::isinf(most) ? most : most + std::log(std::exp(a - most) + std::exp(b - most) + std::exp(c - most));
  }
}

MixtureFit fit_mixture(std::span<const Weights> densities, double gap, Index most_steps) {
  Weights w{1.0 / 3, 1.0 / 3, 1.0 / 3};
  Expansion at = evaluate(densities, w);
  for (Index step = 0; step < most_steps; ++step) {
    if (std::log(std::ranges::max(at.g)) <= gap) return {w, true};
    const Weights target = newton_target(at);
    const double ceiling = at.value + 1e-14 * (1 + std::abs(at.value));  // rounding may not stop it
    Expansion next;
    Weights tried = target;
    for (double t = 1; t > 1e-12; t /= 2) {
      for (std::size_t j = 0; j < 3; ++j) tried[j] = w[j] + t * (target[j] - w[j]);
      next = evaluate(densities, tried);
      if (next.value <= ceiling) break;
    }
    if (!(next.value <= ceiling)) break;
    w = tried;
    at = next;
  }
  return {w, std::log(std::ranges::max(at.g)) <= 1e-9};  // rounding may leave a little
}

namespace {

Fitted fit_ensemble(const RowSubset& held_out, const FitOptions&, const Calibrator* start) {
  check(held_out);
  std::optional<double> guess;
  if (start != nullptr) guess = start->parameters().at("temperature").at(0);
  const Temperature temperature = Temperature::fit(held_out, guess);
  const double uniform = 1 / static_cast<double>(held_out.classes());
  std::vector<Weights> densities(static_cast<std::size_t>(held_out.size()));
  parallel_for(chunks(held_out), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const auto label = static_cast<double>(held_out.row(i)[held_out.label(i)]);
      const auto density = [&](double t) { return std::exp(softmax(held_out.row(i), t).log_probability(label)); };
      densities[static_cast<std::size_t>(i)] = {density(temperature.value), density(1), uniform};
    }
  });
  const MixtureFit mixture = fit_mixture(densities);
  return {.calibrator = std::make_shared<EnsembleCalibrator>(temperature.value, mixture.weights),
          .status = !mixture.converged             ? Status::not_converged
                    : at_bound(temperature.status) ? temperature.status
                                                   : Status::converged};
}

}  // namespace

constinit const CalibratorKind kEnsemble{
    .name = "ensemble",
    .description = "the mixture w1 softmax(z / T) + w2 softmax(z) + w3 / K",
    .fit = fit_ensemble,
    .make = [](Index, const Parameters& parameters) -> std::unique_ptr<const Calibrator> {
      const std::vector<double>& w = find_parameter(parameters, "weights", 3);
      return std::make_unique<EnsembleCalibrator>(find_parameter(parameters, "temperature", 1)[0], Weights{w[0], w[1], w[2]});
    }};

}  // namespace temper::calibration
