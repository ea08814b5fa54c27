#include "models/calibration/metrics/paired_difference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/engine/parallel.h"

namespace temper::calibration {
namespace {

constexpr std::size_t kFewestSamples = 10;
constexpr double kNormal = 1.959963984540054;  // of 95 %

using Draws = std::vector<std::uint32_t>;  // how often each sample was drawn

struct Statistics {
  double ece = 0, aurc = 0, excess_aurc = 0;
  void add(const Statistics& other, double factor) {
    ece += factor * other.ece;
    aurc += factor * other.aurc;
    excess_aurc += factor * other.excess_aurc;
  }
};

// The least AURC of `wrong` mistakes among `samples`: all of them come last.
double best_aurc(double samples, double wrong) {
  double sum = 0;
  for (double i = 1; i <= wrong; ++i) sum += i / (samples - wrong + i);
  return sum / samples;
}

enum class Scores { probabilities, any };  // the ECE is of probabilities alone

// What a bootstrap needs of one run, made once for all resamples.
class Result {
 public:
  Result(const Confidences& confidences, Scores scores) : order_(confidences.confidence.size()) {
    const std::vector<double>& confidence = confidences.confidence;
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](std::uint32_t a, std::uint32_t b) { return confidence[a] > confidence[b]; });
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (scores == Scores::probabilities) {
        const double c = std::min(confidence[i], 1.0);
        gaps_.push_back(confidences.correct[i] - c);
        bins_.push_back(static_cast<std::uint8_t>(bin_index(c)));
      }
      wrong_.push_back(confidences.correct[order_[i]] ? 0 : 1);
      begins_group_.push_back(i == 0 || confidence[order_[i]] != confidence[order_[i - 1]] ? 1 : 0);
    }
  }

  Statistics at(const Draws& weights) const {
    const auto samples = static_cast<double>(weights.size());
    std::array<double, kBins> gaps{};
    for (std::size_t i = 0; i < bins_.size(); ++i) gaps[bins_[i]] += weights[i] * gaps_[i];
    Statistics result;
    for (const double gap : gaps) result.ece += std::abs(gap) / samples;
    double wrong = 0;
    result.aurc = area(weights, wrong) / samples;
    result.excess_aurc = result.aurc - best_aurc(samples, wrong);
    return result;
  }

 private:
  // The sum of the risk over the coverages; samples of equal confidence in random order, in expectation. Counts those that are wrong.
  double area(const Draws& weights, double& wrong) const {
    double sum = 0, taken = 0;
    for (std::size_t i = 0; i < order_.size();) {
      double size = 0, wrong_here = 0;
      do {
        const double weight = weights[order_[i]];
        size += weight;
        wrong_here += wrong_[i] ? weight : 0;
        ++i;
      } while (i < order_.size() && !begins_group_[i]);
      if (wrong + wrong_here > 0) {
        for (double inside = 1; inside <= size; ++inside) sum += (wrong + inside * wrong_here / size) / (taken + inside);
      }
      taken += size;
      wrong += wrong_here;
    }
    return sum;
  }

  std::vector<std::uint32_t> order_;                          // samples, the surest first
  std::vector<std::uint8_t> wrong_ = {}, begins_group_ = {};  // in that order
  std::vector<double> gaps_ = {};
  std::vector<std::uint8_t> bins_ = {};
};

std::vector<Result> results_of(std::span<const Confidences* const> runs, std::size_t samples, Scores scores) {
  std::vector<Result> results;
  for (const Confidences* run : runs) {
    TEMPER_CHECK(run->confidence.size() == samples && run->correct.size() == samples, "paired difference: ", run->confidence.size(),
                 " samples against ", samples, "; compare results on the same ones");
    results.emplace_back(*run, scores);
  }
  return results;
}

Statistics difference(const std::vector<Result>& first, const std::vector<Result>& second, const Draws& weights) {
  Statistics sum;
  for (const Result& result : first) sum.add(result.at(weights), 1 / static_cast<double>(first.size()));
  for (const Result& result : second) sum.add(result.at(weights), -1 / static_cast<double>(second.size()));
  return sum;
}

Draws draw(std::size_t samples, std::uint64_t resample) {
  const Random random(1, {0x706169, resample});
  Draws weights(samples);
  for (std::size_t i = 0; i < samples; i += 4) {
    const Random::Block words = random.block(i / 4);
    for (std::size_t j = 0; j < std::min<std::size_t>(4, samples - i); ++j) ++weights[std::size_t{words[j]} * samples >> 32];
  }
  return weights;
}

Interval bootstrap_interval(const std::vector<Statistics>& resampled, const Statistics& observed, double Statistics::*value) {
  std::vector<double> values;
  for (const Statistics& one : resampled) values.push_back(one.*value);
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double q) {
    const double position = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    return std::lerp(values[below], values[std::min(below + 1, values.size() - 1)], position - static_cast<double>(below));
  };
  const double low = quantile(0.025), high = quantile(0.975), centre = 2 * observed.*value;
  return {std::min(low, centre - high), std::max(high, centre - low)};
}

double mean_correct(std::span<const Confidences* const> runs, std::size_t sample) {
  double sum = 0;
  for (const Confidences* run : runs) sum += run->correct[sample];
  return sum / static_cast<double>(runs.size());
}

Interval accuracy_interval(std::span<const Confidences* const> first, std::span<const Confidences* const> second, std::size_t samples) {
  double sum = 0, squares = 1;  // of the two halves of a pair, 1/2 each
  for (std::size_t i = 0; i < samples; ++i) {
    const double gap = mean_correct(first, i) - mean_correct(second, i);
    sum += gap;
    squares += gap * gap;
  }
  const double n = static_cast<double>(samples) + 2, half = kNormal * std::sqrt(std::max(0.0, squares - sum * sum / n)) / n;
  return {sum / n - half, sum / n + half};
}

}  // namespace

bool is_measured(const Interval& difference) { return std::isfinite(difference.lower) && std::isfinite(difference.upper); }
bool is_significant(const Interval& difference) { return is_measured(difference) && (difference.lower > 0 || difference.upper < 0); }

namespace {

PairedDifference compare(std::span<const Confidences* const> first, std::span<const Confidences* const> second, Scores scores) {
  TEMPER_CHECK(!first.empty() && !second.empty(), "paired difference: no results on one side; give at least one to each");
  const std::size_t samples = first.front()->confidence.size();
  const std::vector<Result> of_first = results_of(first, samples, scores), of_second = results_of(second, samples, scores);
  if (samples < kFewestSamples) return {};
  const Statistics observed = difference(of_first, of_second, Draws(samples, 1));
  const auto resamples = std::clamp<Index>(10'000'000 / static_cast<Index>(samples), 100, 1000);
  std::vector<Statistics> resampled(static_cast<std::size_t>(resamples));
  parallel_for(resamples, 1, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r)
      resampled[static_cast<std::size_t>(r)] = difference(of_first, of_second, draw(samples, static_cast<std::uint64_t>(r)));
  });
  return {.accuracy = accuracy_interval(first, second, samples),
          .ece = bootstrap_interval(resampled, observed, &Statistics::ece),
          .aurc = bootstrap_interval(resampled, observed, &Statistics::aurc),
          .excess_aurc = bootstrap_interval(resampled, observed, &Statistics::excess_aurc)};
}

}  // namespace

PairedDifference paired_difference(std::span<const Confidences* const> first, std::span<const Confidences* const> second) {
  return compare(first, second, Scores::probabilities);
}

Interval paired_aurc_difference(const Confidences& first, const Confidences& second) {
  const Confidences* const one = &first;
  const Confidences* const other = &second;
  return compare(std::span(&one, 1), std::span(&other, 1), Scores::any).aurc;
}

Interval paired_mean_difference(std::span<const double> first, std::span<const double> second) {
  TEMPER_CHECK(first.size() == second.size(), "paired difference: ", first.size(), " samples against ", second.size(),
               "; compare results on the same ones");
  if (first.size() < kFewestSamples) return kNoInterval;
  const auto n = static_cast<double>(first.size());
  double mean = 0, squares = 0;
  for (std::size_t i = 0; i < first.size(); ++i) mean += (first[i] - second[i]) / n;
  for (std::size_t i = 0; i < first.size(); ++i) squares += (first[i] - second[i] - mean) * (first[i] - second[i] - mean);
  const double half = kNormal * std::sqrt(squares / (n - 1) / n);
  return std::isfinite(half) ? Interval{mean - half, mean + half} : kNoInterval;
}

double excess_aurc(const Confidences& confidences) {
  return Result(confidences, Scores::any).at(Draws(confidences.confidence.size(), 1)).excess_aurc;
}

}  // namespace temper::calibration
