#include "models/calibration/metrics/conformal.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/check.h"
#include "core/base/random.h"
#include "core/engine/parallel.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

// Streams of random numbers: calibration and new data must not share their draws.
constexpr std::uint64_t kOfCalibration = 1, kOfNewData = 2;

// The classes by falling probability, equal ones by their number.
void rank(std::span<const double> probabilities, std::vector<Index>& order) {
  order.resize(probabilities.size());
  std::iota(order.begin(), order.end(), Index{0});
  const auto p = [&](Index k) { return probabilities[static_cast<std::size_t>(k)]; };
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return p(a) > p(b) || (p(a) == p(b) && a < b); });
}

// Calls visit(i, probabilities, draw) for every sample, on several threads.
template <class Visit> void for_each_sample(const RowSubset& data, const Calibrator& calibrator, const Random& random, Visit visit) {
  parallel_for(data.size(), row_grain(data.classes()), [&](Index begin, Index end) {
    std::vector<double> p(static_cast<std::size_t>(data.classes()));
    for (Index i = begin; i < end; ++i) {
      calibrator.apply(data.row(i), p);
      softmax(std::span<const double>(p), 1, p);
      visit(i, std::span<const double>(p), random.uniform(static_cast<std::uint64_t>(data.index(i))));
    }
  });
}

}  // namespace

std::string_view name(SetKind kind) {
  switch (kind) {
    case SetKind::threshold:
      return "threshold";
    case SetKind::aps:
      return "aps";
    case SetKind::raps:
      return "raps";
  }
  throw Error("conformal: a kind of set that does not exist");
}

double Conformal::score(double p, double larger, Index rank, double draw) const {
  if (kind_ == SetKind::threshold) return 1 - p;
  const double penalty = kind_ == SetKind::raps ? options_.lambda * static_cast<double>(std::max<Index>(0, rank - options_.k_reg)) : 0;
  return larger + draw * p + penalty;
}

Conformal Conformal::fit(SetKind kind, const RowSubset& calibration, const Calibrator& calibrator, const ConformalOptions& options) {
  TEMPER_CHECK(options.alpha > 0 && options.alpha < 1, "alpha: ", options.alpha,
               " is not between 0 and 1; 0.1 asks for a coverage of 90 %");
  TEMPER_CHECK(options.lambda >= 0 && options.k_reg >= 0, "raps: lambda ", options.lambda, " and k_reg ", options.k_reg,
               " must not be negative");
  check(calibration);
  Conformal result(kind, options);
  std::vector<double> scores(static_cast<std::size_t>(calibration.size()));
  for_each_sample(calibration, calibrator, Random(options.seed, {kOfCalibration}), [&](Index i, std::span<const double> p, double draw) {
    const std::size_t label = calibration.label(i);
    double larger = 0;
    Index rank = 1;
    for (std::size_t k = 0; k < p.size(); ++k) {
      if (p[k] < p[label] || (p[k] == p[label] && k >= label)) continue;
      larger += p[k];
      ++rank;
    }
    scores[static_cast<std::size_t>(i)] = result.score(p[label], larger, rank, draw);
  });
  const auto n = static_cast<double>(scores.size());
  const double place = std::ceil((n + 1) * (1 - options.alpha) - 1e-9);  // 0.9 is not 9/10: (9 + 1)(1 - 0.1) must not become 10
  result.threshold_ = std::numeric_limits<double>::infinity();
  if (place <= n) {
    const auto nth = scores.begin() + static_cast<std::ptrdiff_t>(std::max(place, 1.0)) - 1;
    std::nth_element(scores.begin(), nth, scores.end());
    result.threshold_ = *nth;
  }
  return result;
}

std::vector<Index> Conformal::predict_set(std::span<const double> probabilities, double draw) const {
  std::vector<Index> order, set;
  rank(probabilities, order);
  double larger = 0;
  Index place = 1;
  for (const Index k : order) {
    const double p = probabilities[static_cast<std::size_t>(k)];
    if (score(p, larger, place, draw) <= threshold_) set.push_back(k);
    larger += p;
    ++place;
  }
  return set;
}

Conformal::Coverage Conformal::check_on(const RowSubset& test, const Calibrator& calibrator) const {
  check(test);
  struct Outcome {
    std::uint32_t size;
    bool holds;
  };
  std::vector<Outcome> outcomes(static_cast<std::size_t>(test.size()));
  for_each_sample(test, calibrator, Random(options_.seed, {kOfNewData}), [&](Index i, std::span<const double> p, double draw) {
    const std::vector<Index> set = predict_set(p, draw);
    const bool holds = std::find(set.begin(), set.end(), static_cast<Index>(test.label(i))) != set.end();
    outcomes[static_cast<std::size_t>(i)] = {static_cast<std::uint32_t>(set.size()), holds};
  });
  Coverage coverage;
  for (const Outcome& outcome : outcomes) {
    coverage.coverage += outcome.holds ? 1 : 0;
    coverage.mean_size += outcome.size;
    coverage.empty += outcome.size == 0 ? 1 : 0;
  }
  coverage.coverage /= static_cast<double>(test.size());
  coverage.mean_size /= static_cast<double>(test.size());
  return coverage;
}

}  // namespace temper::calibration
