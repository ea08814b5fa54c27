#include "models/calibration/metrics/selective.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "core/engine/parallel.h"
#include "models/calibration/metrics/scored_samples.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

constexpr int kMostP = 10;

double margin(std::span<const float> row, std::vector<double>& p) {
  p.resize(row.size());
  softmax(row, 1, p);
  double first = 0, second = 0;
  for (const double value : p) {
    second = std::max(second, std::min(first, value));
    first = std::max(first, value);
  }
  return first - second;
}

double energy(std::span<const float> row) {
  const Softmax p = softmax(row, 1);
  return p.max + std::log1p(p.rest);
}

// x^p; a whole p by multiplication, which takes a tenth of the time.
double power(double x, double p) {
  if (p != std::floor(p) || p > kMostP) return std::pow(x, p);
  double product = x;
  for (double factors = 1; factors < p; ++factors) product *= x;
  return product;
}

// Of the centred logits, scaled by the largest of them so that no power overflows.
double p_norm(std::span<const float> row, double p) {
  double sum = 0, possible = 0;
  for (const float logit : row) {
    if (!std::isfinite(logit)) continue;
    sum += static_cast<double>(logit);
    possible += 1;
  }
  const double mean = sum / possible;
  double largest = -std::numeric_limits<double>::infinity(), scale = 0;
  for (const float logit : row) {
    if (!std::isfinite(logit)) continue;
    const double centred = static_cast<double>(logit) - mean;
    largest = std::max(largest, centred);
    scale = std::max(scale, std::abs(centred));
  }
  if (scale == 0) return 0;  // equal logits: no class stands out
  double powers = 0;
  for (const float logit : row) {
    if (std::isfinite(logit)) powers += power(std::abs(static_cast<double>(logit) - mean) / scale, p);
  }
  return largest / scale / std::pow(powers, 1 / p);
}

}  // namespace

Ranking::Ranking(std::span<const double> score, std::span<const std::uint8_t> correct) : samples_(static_cast<double>(score.size())) {
  TEMPER_CHECK(!score.empty(), "score: no samples; give at least one");
  TEMPER_CHECK(score.size() == correct.size(), "score: ", score.size(), " scores but ", correct.size(),
               " outcomes; give one outcome (1 right, 0 wrong) a score");
  for (std::size_t i = 0; i < score.size(); ++i) {
    TEMPER_CHECK(!std::isnan(score[i]), "score: sample ", i, " has NaN; a score is a number");
    TEMPER_CHECK(correct[i] <= 1, "score: the outcome of sample ", i, " is ", int{correct[i]}, "; it must be 1 (right) or 0 (wrong)");
  }
  const std::vector<ScoredSample> sorted = sort_by_score(score, correct);
  for (auto outcome = sorted.rbegin(); outcome != sorted.rend(); ++outcome) {
    if (outcome == sorted.rbegin() || outcome->score != outcome[-1].score) groups_.emplace_back();
    (outcome->correct ? groups_.back().right : groups_.back().wrong) += 1;
  }
}

template <class Visit> void Ranking::for_each_coverage(Visit&& visit) const {
  double taken = 0, wrong = 0;
  for (const Group& group : groups_) {
    const double rate = group.wrong / group.size();
    for (double inside = 1; inside <= group.size(); ++inside) visit(taken + inside, (wrong + inside * rate) / (taken + inside));
    taken += group.size();
    wrong += group.wrong;
  }
}

double Ranking::aurc() const {
  double sum = 0;
  for_each_coverage([&](double, double risk) { sum += risk; });
  return sum / samples_;
}

double Ranking::auroc() const {
  double right_above = 0, right = 0, wrong = 0;
  for (const Group& group : groups_) {
    right_above += group.wrong * (right + group.right / 2);
    right += group.right;
    wrong += group.wrong;
  }
  return right_above / (right * wrong);  // 0 / 0 when one kind is missing
}

std::vector<CoveragePoint> Ranking::risk_coverage(Index points) const {
  TEMPER_CHECK(points >= 1, "points: ", points, " points are no curve; give at least 1");
  std::vector<CoveragePoint> curve;
  for_each_coverage([&](double i, double risk) {
    const double due = std::ceil(samples_ * static_cast<double>(curve.size() + 1) / static_cast<double>(points));
    if (i >= due || i == samples_) curve.push_back({i / samples_, risk});
  });
  return curve;
}

double aurc(std::span<const double> score, std::span<const std::uint8_t> correct) { return Ranking(score, correct).aurc(); }
double auroc(std::span<const double> score, std::span<const std::uint8_t> correct) { return Ranking(score, correct).auroc(); }
std::vector<CoveragePoint> risk_coverage(std::span<const double> score, std::span<const std::uint8_t> correct, Index points) {
  return Ranking(score, correct).risk_coverage(points);
}

std::string_view name(Score score) {
  switch (score) {
    case Score::max_probability:
      return "max_probability";
    case Score::margin:
      return "margin";
    case Score::energy:
      return "energy";
    case Score::p_norm:
      return "p_norm";
  }
  throw Error("score: a score that does not exist");
}

std::vector<double> Selector::operator()(const RowSubset& predictions) const {
  TEMPER_CHECK(score != Score::p_norm || (p > 0 && std::isfinite(p)), "p_norm: p = ", p, " is not a norm; give a finite p above 0");
  std::vector<double> result(static_cast<std::size_t>(predictions.size()));
  parallel_for(predictions.size(), row_grain(predictions.classes()), [&](Index begin, Index end) {
    std::vector<double> probabilities;
    for (Index i = begin; i < end; ++i) {
      const std::span<const float> row = predictions.row(i);
      result[static_cast<std::size_t>(i)] = score == Score::max_probability ? softmax(row, 1).confidence()
                                            : score == Score::margin        ? margin(row, probabilities)
                                            : score == Score::energy        ? energy(row)
                                                                            : p_norm(row, p);
    }
  });
  return result;
}

Selector Selector::fit_p_norm(const RowSubset& validation) {
  const std::vector<std::uint8_t> correct = correctness(validation);
  Selector best{.score = Score::p_norm, .p = 1};
  double least = std::numeric_limits<double>::infinity();
  for (int p = 1; p <= kMostP; ++p) {
    const Selector candidate{.score = Score::p_norm, .p = static_cast<double>(p)};
    const double area = aurc(candidate(validation), correct);
    if (area < least) best = candidate, least = area;
  }
  return best;
}

std::vector<std::uint8_t> correctness(const RowSubset& predictions) {
  std::vector<std::uint8_t> result(static_cast<std::size_t>(predictions.size()));
  parallel_for(predictions.size(), row_grain(predictions.classes()), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i)
      result[static_cast<std::size_t>(i)] = static_cast<std::size_t>(argmax(predictions.row(i))) == predictions.label(i);
  });
  return result;
}

}  // namespace temper::calibration
