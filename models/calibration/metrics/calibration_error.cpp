#include "models/calibration/metrics/calibration_error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/engine/parallel.h"

namespace temper::calibration {
namespace {

constexpr int kMesh = 1000;

// The residuals' mass at t = j / kMesh, each sample's split linearly between its neighbours.
std::vector<double> residual_mass(std::span<const double> confidence, std::span<const std::uint8_t> correct) {
  std::vector<double> mass(kMesh + 1);
  for (std::size_t i = 0; i < confidence.size(); ++i) {
    const double c = std::min(confidence[i], 1.0), position = c * kMesh;
    const auto left = std::min(static_cast<std::size_t>(position), static_cast<std::size_t>(kMesh - 1));
    const double right_share = position - static_cast<double>(left);
    const double residual = (correct[i] - c) / static_cast<double>(confidence.size());
    mass[left] += residual * (1 - right_share);
    mass[left + 1] += residual * right_share;
  }
  return mass;
}

// Smoothing with a reflected Gaussian is diagonal in the cosines: it multiplies the coefficient of cos(pi k t) by exp(-(pi k s)^2 / 2).
class SmoothResidual {
 public:
  explicit SmoothResidual(std::vector<double> mass) : mass_(std::move(mass)), cosine_(kPeriod) {
    for (std::size_t m = 0; m < kPeriod; ++m) cosine_[m] = std::cos(std::numbers::pi * static_cast<double>(m) / kMesh);
  }

  // The integral of |r_s(t)| by the trapezoid rule on the mesh.
  double integral(double width) {
    std::vector<double> smooth(kMesh + 1);
    for (std::size_t k = 0;; ++k) {
      const double wave = std::numbers::pi * static_cast<double>(k) * width, damping = std::exp(-wave * wave / 2);
      if (damping < 1e-18) break;
      const double amplitude = (k == 0 ? 1 : 2) * damping * coefficient(k);
      for_each_cosine(k, [&](std::size_t j, double cosine) { smooth[j] += amplitude * cosine; });
    }
    double sum = (std::abs(smooth.front()) + std::abs(smooth.back())) / 2;
    for (std::size_t j = 1; j < kMesh; ++j) sum += std::abs(smooth[j]);
    return sum / kMesh;
  }

 private:
  static constexpr std::size_t kPeriod = 2 * kMesh;

  // visit(j, cos(pi k j / kMesh)) for j = 0..kMesh.
  template <class Visit> void for_each_cosine(std::size_t k, Visit&& visit) const {
    const std::size_t stride = k % kPeriod;
    for (std::size_t j = 0, m = 0; j <= kMesh; ++j) {
      visit(j, cosine_[m]);
      m += stride;
      if (m >= kPeriod) m -= kPeriod;
    }
  }

  // Wide kernels, tried first, ask for a few only.
  double coefficient(std::size_t k) {
    while (coefficients_.size() <= k) {
      double sum = 0;
      for_each_cosine(coefficients_.size(), [&](std::size_t j, double cosine) { sum += mass_[j] * cosine; });
      coefficients_.push_back(sum);
    }
    return coefficients_[k];
  }

  std::vector<double> mass_, cosine_, coefficients_;
};

// What a resample needs of a sample: its correct - confidence and its bin.
struct Card {
  float gap = 0;
  std::uint32_t bin = 0;
};

constexpr std::size_t kDeck = 2048;  // cards that fit into the first-level cache

// Calls visit(i, number) for `draws` numbers in 0..below-1, drawn with replacement.
template <class Visit> void for_each_draw(std::size_t draws, std::size_t below, const Random& random, std::uint64_t& block, Visit visit) {
  for (std::size_t i = 0; i < draws; i += 4) {
    const Random::Block words = random.block(block++);
    for (std::size_t j = 0; j < std::min<std::size_t>(4, draws - i); ++j) visit(j, std::size_t{words[j]} * below >> 32);
  }
}

// ECE = sum over bins of |sum of correct - confidence| / N, of as many cards drawn with replacement. Two draws a card, first how many come
// from each deck, then which: one draw that jumps to any place in memory takes three times as long.
double resampled_ece(std::span<const Card> cards, Index bin_count, const Random& random) {
  std::uint64_t block = 0;
  std::vector<std::uint32_t> drawn((cards.size() + kDeck - 1) / kDeck);
  for_each_draw(cards.size(), cards.size(), random, block, [&](std::size_t, std::size_t card) { ++drawn[card / kDeck]; });
  std::vector<std::array<double, 4>> sums(static_cast<std::size_t>(bin_count));  // four, so that an addition need not await the last one
  for (std::size_t d = 0; d < drawn.size(); ++d) {
    const std::span<const Card> deck = cards.subspan(d * kDeck, std::min(kDeck, cards.size() - d * kDeck));
    for_each_draw(drawn[d], deck.size(), random, block,
                  [&](std::size_t j, std::size_t card) { sums[deck[card].bin][j] += static_cast<double>(deck[card].gap); });
  }
  double error = 0;
  for (const auto& [a, b, c, d] : sums) error += std::abs((a + b) + (c + d));
  return error / static_cast<double>(cards.size());
}

// Linear between the order statistics, as numpy's default.
double quantile(std::span<const double> sorted, double q) {
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(position), sorted.size() - 1), above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

}  // namespace

double debiased_ece(std::span<const Bin> bins) {
  compute_ece(bins);  // for its check
  double samples = 0, sum = 0;
  for (const Bin& bin : bins) {
    const auto count = static_cast<double>(bin.count);
    samples += count;
    if (bin.count < 2) continue;
    const double gap = bin.accuracy - bin.confidence;
    sum += count * (gap * gap - bin.accuracy * (1 - bin.accuracy) / (count - 1));
  }
  return std::sqrt(std::max(0.0, sum / samples));
}

double smooth_ece(std::span<const double> confidence, std::span<const std::uint8_t> correct) {
  reliability(confidence, correct, 1);  // for its checks
  SmoothResidual residual(residual_mass(confidence, correct));
  // The integral falls with the width, the width itself rises: one crossing.
  constexpr double kLeast = 1.0 / kMesh;
  double narrow = 0, wide = 1;
  while (wide - narrow > 1e-13 && wide > kLeast) {
    const double middle = std::max((narrow + wide) / 2, kLeast);
    if (residual.integral(middle) > middle)
      narrow = middle;
    else
      wide = middle;
  }
  return residual.integral(wide);
}

Interval ece_interval(std::span<const double> confidence, std::span<const std::uint8_t> correct, const Bootstrap& bootstrap) {
  TEMPER_CHECK(bootstrap.level > 0 && bootstrap.level < 1, "level: ", bootstrap.level, " is not between 0 and 1; the usual level is 0.95");
  TEMPER_CHECK(bootstrap.resamples >= 0, "resamples: ", bootstrap.resamples, " is negative; 0 chooses a number");
  const double error = compute_ece(reliability(confidence, correct, bootstrap.bins));
  std::vector<Card> cards(confidence.size());
  for (std::size_t i = 0; i < cards.size(); ++i) {
    const double c = std::min(confidence[i], 1.0);
    cards[i] = {static_cast<float>(correct[i] - c), static_cast<std::uint32_t>(bin_index(c, bootstrap.bins))};
  }
  const auto samples = static_cast<Index>(cards.size());
  const Index resamples = bootstrap.resamples > 0 ? bootstrap.resamples : std::clamp<Index>(20'000'000 / samples, 100, 1000);
  std::vector<double> errors(static_cast<std::size_t>(resamples));
  parallel_for(resamples, 1, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r)
      errors[static_cast<std::size_t>(r)] = resampled_ece(cards, bootstrap.bins, Random(bootstrap.seed, {static_cast<std::uint64_t>(r)}));
  });
  std::sort(errors.begin(), errors.end());
  const double tail = (1 - bootstrap.level) / 2;
  return with_estimate(
      {std::clamp(2 * error - quantile(errors, 1 - tail), 0.0, 1.0), std::clamp(2 * error - quantile(errors, tail), 0.0, 1.0)}, error);
}

Interval with_estimate(const Interval& interval, double estimate) {
  if (!std::isfinite(interval.lower) || !std::isfinite(estimate)) return interval;
  return {std::min(interval.lower, estimate), std::max(interval.upper, estimate)};
}

}  // namespace temper::calibration
