// Selective prediction: a classifier that may abstain answers the samples it scores highest (Geifman & El-Yaniv, "Selective Classification
// for Deep Neural Networks", NeurIPS 2017). Label smoothing is known to spoil the order of the usual score, the largest probability; the
// p-norm score repairs it (Cattelan & Silva, "How to Fix a Broken Confidence Estimator", UAI 2024).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "models/calibration/row_subset.h"

namespace temper::calibration {

// Scores may be any finite numbers or infinities, larger = surer. Samples with equal scores are taken in random order, in expectation: no
// result depends on the order of the samples. All throw Error for no samples, different lengths, or a score that is NaN.

struct CoveragePoint {
  double coverage = 0;  // share of the samples that are answered
  double risk = 0;      // share of the answered ones that are wrong
};

// The samples in falling order of their score, sorted once for all that is asked about that order.
class Ranking {
 public:
  Ranking(std::span<const double> score, std::span<const std::uint8_t> correct);

  double aurc() const;
  double auroc() const;
  std::vector<CoveragePoint> risk_coverage(Index points = 100) const;

 private:
  struct Group {  // of equal score
    double right = 0, wrong = 0;
    double size() const { return right + wrong; }
  };
  // Calls visit(i, risk) for i = 1..N: the expected error among the first i.
  template <class Visit> void for_each_coverage(Visit&& visit) const;

  std::vector<Group> groups_;
  double samples_ = 0;
};

// Area under the risk-coverage curve: the mean over i = 1..N of the error among the i samples of highest score.
double aurc(std::span<const double> score, std::span<const std::uint8_t> correct);

// The probability that a right sample scores above a wrong one, ties one half. NaN when all are right or all are wrong.
double auroc(std::span<const double> score, std::span<const std::uint8_t> correct);

// At most `points` points, coverage rising to 1.
std::vector<CoveragePoint> risk_coverage(std::span<const double> score, std::span<const std::uint8_t> correct, Index points = 100);

enum class Score {
  max_probability,  // max_k p_k
  margin,           // the largest p_k less the second largest
  energy,           // log sum_k exp(z_k) (Liu et al., "Energy-based Out-of-distribution Detection", NeurIPS 2020)
  p_norm,           // max_k z_k / ||z||_p of the logits less their mean; classes of logit -inf take no part
};
inline constexpr Score kScores[] = {Score::max_probability, Score::margin, Score::energy, Score::p_norm};
std::string_view name(Score score);  // "max_probability", ...

struct Selector {
  Score score = Score::max_probability;
  double p = 0;  // of p_norm

  // One score a sample, of its logits as they are (temperature 1).
  std::vector<double> operator()(const RowSubset& predictions) const;

  // The p in 1, 2, ..., 10 of least AURC. With two classes every p gives a constant, so the AURC is that of guessing.
  static Selector fit_p_norm(const RowSubset& validation);
};

// 1 where the largest logit is the label's, else 0.
std::vector<std::uint8_t> correctness(const RowSubset& predictions);

}  // namespace temper::calibration
