#include "models/calibration/calibrators/histogram_isotonic.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "models/calibration/metrics/reliability.h"
#include "models/calibration/softmax.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

std::vector<double> probabilities(const Predictions& data, Index i) {
  std::vector<double> p(static_cast<std::size_t>(data.classes));
  softmax(data.row(i), 1, p);
  return p;
}

// Probabilities of every class mapped on their own, then made to sum to 1; where all are 0, those there were.
template <class Map> void check_rows(const Calibrator& calibrator, const Predictions& data, Map map) {
  for (Index i = 0; i < data.size(); ++i) {
    const std::vector<double> p = probabilities(data, i);
    std::vector<double> expected, calibrated(p.size());
    for (std::size_t k = 0; k < p.size(); ++k) expected.push_back(map(k, p[k]));
    double sum = 0;
    for (const double value : expected) sum += value;
    calibrator.apply(data.row(i), calibrated);
    for (std::size_t k = 0; k < p.size(); ++k)
      CHECK(std::exp(calibrated[k]) == doctest::Approx(sum > 0 ? expected[k] / sum : p[k]).epsilon(1e-9));
  }
}

TEST_CASE("histogram binning: the frequency of the label in the bin, by the definition; an empty bin leaves what it was") {
  const Predictions data = reference::random_predictions(11, 60, 3, 2), other = reference::random_predictions(12, 200, 3, 4);
  constexpr Index kFew = 40;
  const HistogramCalibrator calibrator = HistogramCalibrator::fit(data, kFew);
  Index empty = 0, never = 0;
  const auto frequency = [&](std::size_t k, double value) {
    double count = 0, labels = 0;
    for (Index i = 0; i < data.size(); ++i) {
      if (bin_index(probabilities(data, i)[k], kFew) != bin_index(value, kFew)) continue;
      count += 1;
      labels += data.label(i) == k ? 1 : 0;
    }
    empty += count == 0, never += count > 0 && labels == 0;
    return count == 0 ? value : labels / count;
  };
  check_rows(calibrator, data, frequency);
  check_rows(calibrator, other, frequency);
  CHECK(empty > 0);
  CHECK(never > 0);  // a frequency of 0 is one
}

// Least squares among rising functions: at the i-th point the largest over begins of the least over ends of the mean of what lies between
// (Barlow et al., 1972); equal points are one.
struct Rising {
  std::vector<double> x, y;

  explicit Rising(const std::map<double, std::vector<double>>& targets) {
    std::vector<double> sums{0}, counts{0};
    for (const auto& [point, values] : targets) {
      x.push_back(point);
      sums.push_back(sums.back());
      for (const double value : values) sums.back() += value;
      counts.push_back(counts.back() + static_cast<double>(values.size()));
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      double most = 0;
      for (std::size_t begin = 0; begin <= i; ++begin) {
        double least = 1;
        for (std::size_t end = i + 1; end <= x.size(); ++end)
          least = std::min(least, (sums[end] - sums[begin]) / (counts[end] - counts[begin]));
        most = std::max(most, least);
      }
      y.push_back(most);
    }
  }

  // On the line between neighbours, flat beyond the ends.
  double at(double p) const {
    if (p <= x.front()) return y.front();
    for (std::size_t i = 1; i < x.size(); ++i)
      if (p <= x[i]) return y[i - 1] + (y[i] - y[i - 1]) * (p - x[i - 1]) / (x[i] - x[i - 1]);
    return y.back();
  }
};

TEST_CASE("isotonic: the rising function of least squares, by the definition, on the line between its points") {
  Predictions data = reference::random_predictions(13, 60, 3, 1.5);
  for (std::size_t i = 0; i < 30; ++i) data.logits[i] = std::round(data.logits[i]);  // some points more than once
  const Predictions other = reference::random_predictions(14, 200, 3, 3);
  const IsotonicCalibrator calibrator = IsotonicCalibrator::fit(data);
  std::vector<Rising> functions;
  for (std::size_t k = 0; k < 3; ++k) {
    std::map<double, std::vector<double>> targets;
    for (Index i = 0; i < data.size(); ++i) targets[probabilities(data, i)[k]].push_back(data.label(i) == k ? 1 : 0);
    functions.emplace_back(targets);
  }
  const auto value = [&](std::size_t k, double p) { return functions[k].at(p); };
  check_rows(calibrator, data, value);
  check_rows(calibrator, other, value);
}

}  // namespace
}  // namespace temper::calibration
