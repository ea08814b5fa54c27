#include "models/calibration/softmax.h"

#include <algorithm>

#include "core/check.h"

namespace temper::calibration {

void check_temperature(double temperature) {
  TEMPER_CHECK(temperature > 0 && std::isfinite(temperature), "temperature: ", temperature, " is not a positive finite number; try 1");
}

Index argmax(std::span<const float> row) { return std::max_element(row.begin(), row.end()) - row.begin(); }
Index argmax(std::span<const double> row) { return std::max_element(row.begin(), row.end()) - row.begin(); }

Softmax softmax(std::span<const float> row, double temperature) {
  return softmax_terms(row, temperature, [](std::size_t, double, double) {});
}

namespace {

template <class Real> Softmax with_probabilities(std::span<const Real> row, double temperature, std::span<double> probabilities) {
  TEMPER_CHECK(probabilities.size() == row.size(), "softmax: ", row.size(), " logits but room for ", probabilities.size(),
               " probabilities; the two must be equal");
  const Softmax result = softmax_terms(row, temperature, [&](std::size_t k, double, double e) { probabilities[k] = e; });
  probabilities[static_cast<std::size_t>(result.predicted)] = 1;
  for (double& p : probabilities) p /= 1 + result.rest;
  return result;
}

}  // namespace

Softmax softmax(std::span<const float> row, double temperature, std::span<double> probabilities) {
  return with_probabilities(row, temperature, probabilities);
}

Softmax softmax(std::span<const double> row, double temperature, std::span<double> probabilities) {
  return with_probabilities(row, temperature, probabilities);
}

}  // namespace temper::calibration
