#include "models/calibration/metrics.h"

#include <cmath>
#include <vector>

#include "core/check.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

double brier_of(std::span<const double> probabilities, std::size_t label) {
  double sum = 0;
  for (std::size_t k = 0; k < probabilities.size(); ++k) {
    const double error = probabilities[k] - (k == label ? 1 : 0);
    sum += error * error;
  }
  return sum;
}

// n |frequency - mean p| of a bin is |sum of ([k = y] - p_k)| over its samples: one sum a class and bin is all that class-wise ECE needs.
class ClasswiseGaps {
 public:
  ClasswiseGaps(Index classes, Index bins) : bins_(bins), gaps_(static_cast<std::size_t>(classes * bins)) {}

  void add(std::span<const double> probabilities, std::size_t label) {
    double* gaps = gaps_.data();
    for (std::size_t k = 0; k < probabilities.size(); ++k, gaps += bins_)
      gaps[bin_of(probabilities[k], bins_)] += (k == label ? 1 : 0) - probabilities[k];
  }

  double error(Index classes, Index samples) const {
    double sum = 0;
    for (const double gap : gaps_) sum += std::abs(gap);
    return sum / static_cast<double>(classes) / static_cast<double>(samples);
  }

 private:
  Index bins_;
  std::vector<double> gaps_;  // (K,bins)
};

// Calls visit(sample, softmax, probabilities) for every sample of checked predictions.
template <class Visit> void for_each_sample(const Predictions& predictions, double temperature, Visit&& visit) {
  check_temperature(temperature);
  std::vector<double> probabilities(static_cast<std::size_t>(predictions.classes));
  for (Index i = 0; i < predictions.size(); ++i) visit(i, softmax(predictions.row(i), temperature, probabilities), probabilities);
}

double log_probability_of_label(const Predictions& predictions, Index sample, const Softmax& p) {
  return p.log_probability(predictions.row(sample)[predictions.label(sample)]);
}

}  // namespace

Metrics metrics(const Predictions& predictions, double temperature) {
  check(predictions);
  Metrics result{.samples = predictions.size()};
  Confidences says;
  ClasswiseGaps gaps(predictions.classes, kBins);
  for_each_sample(predictions, temperature, [&](Index i, const Softmax& p, std::span<const double> probabilities) {
    const std::size_t label = predictions.label(i);
    const bool correct = static_cast<std::size_t>(p.predicted) == label;
    says.confidence.push_back(p.confidence());
    says.correct.push_back(correct);
    result.accuracy += correct ? 1 : 0;
    result.nll -= log_probability_of_label(predictions, i, p);
    result.brier += brier_of(probabilities, label);
    gaps.add(probabilities, label);
  });
  const auto samples = static_cast<double>(result.samples);
  result.accuracy /= samples;
  result.nll /= samples;
  result.brier /= samples;
  result.classwise_ece = gaps.error(predictions.classes, result.samples);
  const std::vector<Bin> bins = reliability(says.confidence, says.correct);
  result.ece = ece_of(bins);
  result.mce = mce_of(bins);
  result.ace = ece_of(equal_mass_reliability(says.confidence, says.correct));
  return result;
}

double accuracy(const Predictions& predictions) {
  check(predictions);
  Index correct = 0;
  for (Index i = 0; i < predictions.size(); ++i)
    correct += static_cast<std::size_t>(argmax(predictions.row(i))) == predictions.label(i) ? 1 : 0;
  return static_cast<double>(correct) / static_cast<double>(predictions.size());
}

double nll(const Predictions& predictions, double temperature) {
  check(predictions);
  check_temperature(temperature);
  double sum = 0;
  for (Index i = 0; i < predictions.size(); ++i) sum -= log_probability_of_label(predictions, i, softmax(predictions.row(i), temperature));
  return sum / static_cast<double>(predictions.size());
}

double brier(const Predictions& predictions, double temperature) {
  check(predictions);
  double sum = 0;
  for_each_sample(predictions, temperature, [&](Index i, const Softmax&, std::span<const double> probabilities) {
    sum += brier_of(probabilities, predictions.label(i));
  });
  return sum / static_cast<double>(predictions.size());
}

double classwise_ece(const Predictions& predictions, double temperature, Index bins) {
  bin_of(0.0, bins);  // refuses a bad number of bins before anything is allocated
  check(predictions);
  ClasswiseGaps gaps(predictions.classes, bins);
  for_each_sample(predictions, temperature,
                  [&](Index i, const Softmax&, std::span<const double> probabilities) { gaps.add(probabilities, predictions.label(i)); });
  return gaps.error(predictions.classes, predictions.size());
}

}  // namespace temper::calibration
