// The softmax of one row of logits at a temperature, in double: p_k = exp(z_k / T) / sum_j exp(z_j / T). The logits are a network's floats
// or a calibrator's doubles.
//
// The largest logit is subtracted before anything else, and its own term, exp(0) = 1, is kept apart from the sum of the others:
//   log p_k = (z_k - max) / T - log(1 + rest),   rest = sum over the other classes of exp((z_j - max) / T).
// So nothing overflows; max + log(sum), which would lose the logarithm beside a large max, is never formed; and log1p keeps the NLL of a
// very sure and right prediction (rest = 1e-30) where log(1 + rest) would give 0.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "core/base/shape.h"
#include "core/kernels/exponential.h"

namespace temper::calibration {

struct Softmax {
  Index predicted = 0;  // the class of the largest logit; the first one if several are equal
  double max = 0;       // its logit
  double temperature = 1;
  double rest = 0;  // 0 .. K-1

  // The probability of the predicted class. A quotient and not exp(log p): K equal logits give 1/K to the last bit.
  double confidence() const { return 1 / (1 + rest); }
  // (z - max) / T, at most 0.
  double scaled(double logit) const { return (logit - max) / temperature; }
  // -inf for a logit of -inf.
  double log_probability(double logit) const { return scaled(logit) - std::log1p(rest); }
};

// Throws Error unless T is positive and finite.
void check_temperature(double temperature);

// The first largest logit of a row without NaN.
Index argmax(std::span<const float> row);
Index argmax(std::span<const double> row);

// The sum of term(0), term(1), ..., in four parts that a processor adds at the same time.
template <class Term> double sum_terms(std::size_t size, Term term) {
  std::array<double, 4> parts{};
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4)
    for (std::size_t j = 0; j < 4; ++j) parts[j] += term(i + j);
  for (; i < size; ++i) parts[i % 4] += term(i);
  return (parts[0] + parts[2]) + (parts[1] + parts[3]);
}

// Requires a row as check(Predictions) leaves it and a checked temperature. Calls visit(first, x, e) for one block of classes after the
// other, from class `first` on: x_k = (z_k - max) / T and e_k = exp(x_k), but 0 for the predicted class.
template <class Real, class Visit> Softmax softmax_terms(std::span<const Real> row, double temperature, Visit&& visit) {
  constexpr std::size_t kBlock = 128;
  std::array<double, kBlock> x, e;
  Softmax result{.predicted = argmax(row), .temperature = temperature};
  const auto predicted = static_cast<std::size_t>(result.predicted);
  result.max = static_cast<double>(row[predicted]);
  for (std::size_t first = 0; first < row.size(); first += kBlock) {
    const std::size_t size = std::min(kBlock, row.size() - first);
    for (std::size_t i = 0; i < size; ++i) x[i] = result.scaled(static_cast<double>(row[first + i]));
    exponentials(x.data(), static_cast<Index>(size), e.data());
    if (predicted >= first && predicted < first + size) e[predicted - first] = 0;
    result.rest += sum_terms(size, [&](std::size_t i) { return e[i]; });
    visit(first, std::span<const double>(x.data(), size), std::span<const double>(e.data(), size));
  }
  return result;
}

Softmax softmax(std::span<const float> row, double temperature);

// Also writes the K probabilities. In the second form they may overwrite the logits.
Softmax softmax(std::span<const float> row, double temperature, std::span<double> probabilities);
Softmax softmax(std::span<const double> row, double temperature, std::span<double> probabilities);

}  // namespace temper::calibration
