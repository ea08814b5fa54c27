#include "models/calibration/metrics/reliability.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/check.h"
#include "models/calibration/metrics/scored_samples.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

constexpr double kTie = 1e-12;        // confidences this close are equal
constexpr Index kMostBins = 1 << 20;  // i and n stay exact in float

void check_bins(Index bins) {
  TEMPER_CHECK(bins >= 1 && bins <= kMostBins, "bins: ", bins, " is outside 1..", kMostBins, "; the usual number is ", kBins);
}

// floor(c n) is the bin to the right of an edge; c itself decides whether it lies on that edge and so to the left. Rounding of c n cannot
// put a value above an edge below it: a c above the nearest number to i/n is above i/n by at least half a unit in the last place.
template <class Real> Index bin_by_edges(Real confidence, Index bins) {
  check_bins(bins);
  TEMPER_CHECK(confidence >= 0 && confidence <= 1, "confidence: ", confidence, " is outside [0,1] and so in no bin; give a probability");
  const Real n = static_cast<Real>(bins);
  const auto right = static_cast<Index>(confidence * n);
  const bool on_edge = confidence <= static_cast<Real>(right) / n;
  return on_edge && right > 0 ? right - 1 : right;
}

template <class Real> Real checked(Real confidence, std::size_t sample) {
  const auto value = static_cast<double>(confidence);
  TEMPER_CHECK(!std::isnan(value), "confidence: sample ", sample, " has NaN; a confidence is a probability");
  TEMPER_CHECK(value >= 0 && value <= 1 + kExcess, "confidence: sample ", sample, " has ", value,
               ", outside [0,1]; give probabilities, not logits or percentages");
  return std::min(confidence, Real{1});
}

void check_pairs(std::size_t confidences, std::span<const std::uint8_t> correct, Index bins) {
  check_bins(bins);
  TEMPER_CHECK(confidences == correct.size(), "confidence: ", confidences, " confidences but ", correct.size(),
               " outcomes; give one outcome (1 right, 0 wrong) a confidence");
  TEMPER_CHECK(confidences > 0, "confidence: no samples; a calibration error needs at least one");
  for (std::size_t i = 0; i < correct.size(); ++i)
    TEMPER_CHECK(correct[i] <= 1, "confidence: the outcome of sample ", i, " is ", int{correct[i]}, "; it must be 1 (right) or 0 (wrong)");
}

// Bins collect sums first.
void add(Bin& bin, double confidence, std::uint8_t correct) {
  ++bin.count;
  bin.confidence += confidence;
  bin.accuracy += correct;
}

void sums_to_means(std::span<Bin> bins) {
  for (Bin& bin : bins) {
    const auto count = static_cast<double>(std::max<Index>(bin.count, 1));
    bin.confidence /= count;
    bin.accuracy /= count;
  }
}

template <class Real> std::vector<Bin> equal_width(std::span<const Real> confidence, std::span<const std::uint8_t> correct, Index bins) {
  check_pairs(confidence.size(), correct, bins);
  const auto n = static_cast<double>(bins);
  std::vector<Bin> result(static_cast<std::size_t>(bins));
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].lower = static_cast<double>(i) / n;
    result[i].upper = static_cast<double>(i + 1) / n;
  }
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    const Real value = checked(confidence[i], i);
    add(result[static_cast<std::size_t>(bin_index(value, bins))], static_cast<double>(value), correct[i]);
  }
  sums_to_means(result);
  return result;
}

double gap(const Bin& bin) { return std::abs(bin.accuracy - bin.confidence); }

Index samples_in(std::span<const Bin> bins) {
  Index samples = 0;
  for (const Bin& bin : bins) samples += bin.count;
  TEMPER_CHECK(samples > 0, "bins: no samples; a calibration error needs at least one");
  return samples;
}

}  // namespace

Index bin_index(double confidence, Index bins) { return bin_by_edges(confidence, bins); }
Index bin_index(float confidence, Index bins) { return bin_by_edges(confidence, bins); }

Confidences confidences(const Predictions& predictions, double temperature) {
  check(predictions);
  check_temperature(temperature);
  Confidences result;
  result.confidence.reserve(predictions.labels.size());
  result.correct.reserve(predictions.labels.size());
  for (Index i = 0; i < predictions.size(); ++i) {
    const Softmax p = softmax(predictions.row(i), temperature);
    result.confidence.push_back(p.confidence());
    result.correct.push_back(static_cast<std::size_t>(p.predicted) == predictions.label(i));
  }
  return result;
}

std::vector<Bin> reliability(std::span<const double> confidence, std::span<const std::uint8_t> correct, Index bins) {
  return equal_width(confidence, correct, bins);
}

std::vector<Bin> reliability(std::span<const float> confidence, std::span<const std::uint8_t> correct, Index bins) {
  return equal_width(confidence, correct, bins);
}

std::vector<Bin> reliability(const Predictions& predictions, double temperature, Index bins) {
  const Confidences says = confidences(predictions, temperature);
  return equal_width<double>(says.confidence, says.correct, bins);
}

std::vector<Bin> equal_mass_reliability(std::span<const double> confidence, std::span<const std::uint8_t> correct, Index bins) {
  check_pairs(confidence.size(), correct, bins);
  for (std::size_t i = 0; i < confidence.size(); ++i) checked(confidence[i], i);
  const std::vector<ScoredSample> sorted = sort_by_score(confidence, correct);
  const std::size_t samples = sorted.size(), n = static_cast<std::size_t>(bins);
  std::vector<Bin> result;
  bool open = false;
  for (std::size_t i = 0; i < samples; ++i) {
    const double value = std::min(sorted[i].score, 1.0);
    if (!open) result.push_back({.lower = value});
    add(result.back(), value, sorted[i].correct);
    result.back().upper = value;
    // A cut after i + 1 samples is due if a rank r N / n lies in what the bin has taken since the cut before.
    const std::size_t before = i + 1 - static_cast<std::size_t>(result.back().count);
    const bool due = (i + 1) * n / samples > before * n / samples;
    const bool tied = i + 1 < samples && sorted[i + 1].score - value <= kTie;
    open = tied || !due;
  }
  sums_to_means(result);
  return result;
}

double compute_ece(std::span<const Bin> bins) {
  const auto samples = static_cast<double>(samples_in(bins));
  double error = 0;
  for (const Bin& bin : bins) error += static_cast<double>(bin.count) / samples * gap(bin);
  return error;
}

double compute_mce(std::span<const Bin> bins) {
  samples_in(bins);
  double error = 0;
  for (const Bin& bin : bins)
    if (bin.count > 0) error = std::max(error, gap(bin));
  return error;
}

}  // namespace temper::calibration
