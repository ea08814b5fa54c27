// Naive references for the calibration tests, in long double, straight from the formulas and sharing nothing with the library; random data.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "models/calibration/predictions.h"

namespace temper::calibration::reference {

using Real = long double;

constexpr float kInf = std::numeric_limits<float>::infinity();

// exp(z_k / T) / sum_j exp(z_j / T), for logits that long double can exponentiate.
inline std::vector<Real> softmax(std::span<const float> row, Real temperature) {
  std::vector<Real> p;
  Real sum = 0;
  for (const float logit : row) p.push_back(std::exp(static_cast<Real>(logit) / temperature));
  for (const Real e : p) sum += e;
  for (Real& e : p) e /= sum;
  return p;
}

inline Real nll(const Predictions& data, Real temperature) {
  Real sum = 0;
  for (Index i = 0; i < data.size(); ++i) sum -= std::log(softmax(data.row(i), temperature)[data.label(i)]);
  return sum / static_cast<Real>(data.size());
}

// d NLL / d b of the paper, b = 1 / T: mean_i( E_p[z] - z_y ). It grows with b.
inline Real slope_in_b(const Predictions& data, Real b) {
  Real sum = 0;
  for (Index i = 0; i < data.size(); ++i) {
    const std::span<const float> row = data.row(i);
    const std::vector<Real> p = softmax(row, 1 / b);
    for (std::size_t k = 0; k < row.size(); ++k) sum += p[k] * static_cast<Real>(row[k]);
    sum -= static_cast<Real>(row[data.label(i)]);
  }
  return sum / static_cast<Real>(data.size());
}

// The T of least NLL by bisection of slope_in_b, to be used where it lies inside (lowest, highest).
inline Real best_temperature(const Predictions& data, Real lowest, Real highest) {
  Real left = 1 / highest, right = 1 / lowest;
  for (int i = 0; i < 80; ++i) {
    const Real middle = std::sqrt(left * right);
    (slope_in_b(data, middle) < 0 ? left : right) = middle;
  }
  return 1 / std::sqrt(left * right);
}

// Logits of a standard deviation `scale`, with `signal` added to the true class: scale > 1 is overconfident, scale < 1 underconfident.
inline Predictions random_predictions(std::uint64_t seed, Index samples, Index classes, double scale = 2, double signal = 1) {
  const Random random(seed, {1}), labels(seed, {2});
  Predictions data{.classes = classes, .logits = {}, .labels = {}};
  for (Index i = 0; i < samples; ++i) {
    const auto label = labels.below(static_cast<std::uint64_t>(i), static_cast<std::uint32_t>(classes));
    data.labels.push_back(static_cast<std::int32_t>(label));
    for (Index k = 0; k < classes; ++k) {
      const double noise = random.normal(static_cast<std::uint64_t>(i * classes + k));
      data.logits.push_back(static_cast<float>(scale * (noise + (k == static_cast<Index>(label) ? signal : 0))));
    }
  }
  return data;
}

// Every sample has the same row, whose logit gap log(1 + K (1 - alpha) / alpha) is the best one for targets smoothed by alpha, and the
// labels have just these targets as frequencies. So p is calibrated: T = 1 is optimal and the NLL is the entropy of the smoothed target.
inline Predictions smoothed_optimum(Index classes, Index samples, double alpha, double scale = 1) {
  Predictions data{.classes = classes, .logits = {}, .labels = {}};
  const auto k = static_cast<double>(classes);
  const double gap = std::log(1 + k * (1 - alpha) / alpha);
  const auto others = std::llround(static_cast<double>(samples) * alpha / k);  // samples of each wrong label
  for (Index i = 0; i < samples; ++i) {
    data.labels.push_back(i < others * (classes - 1) ? static_cast<std::int32_t>(1 + i / others) : 0);
    for (Index c = 0; c < classes; ++c) data.logits.push_back(c == 0 ? static_cast<float>(scale * gap) : 0.0f);
  }
  return data;
}

// The same samples in another order.
inline Predictions shuffled(const Predictions& data, std::uint64_t seed) {
  const Random random(seed, {3});
  std::vector<Index> order;
  for (Index i = 0; i < data.size(); ++i) order.push_back(i);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i, static_cast<std::uint32_t>(i))]);
  Predictions result{.classes = data.classes, .logits = {}, .labels = {}};
  for (const Index i : order) {
    result.logits.insert(result.logits.end(), data.row(i).begin(), data.row(i).end());
    result.labels.push_back(data.labels[static_cast<std::size_t>(i)]);
  }
  return result;
}

}  // namespace temper::calibration::reference
