// The objective of vector, matrix and Dirichlet scaling: what the solver of linear.h minimises.
#pragma once

#include <span>

#include "models/calibration/row_subset.h"

namespace temper::calibration {

enum class LinearForm { vector, matrix, dirichlet };

// What the affine map sees of a row of logits: them less their largest for vector and matrix, their log-probabilities for dirichlet. A
// class of probability 0 is one of exp(-745), about the least that a double holds.
void linear_features(LinearForm form, std::span<const float> logits, std::span<double> x);

// The parameters of the solver are a table of K columns, one a class: a row of weights for each feature, and the bias as the last row. So
// vector scaling has 2 rows, matrix and Dirichlet K + 1. x is scaled by `scale`, 1/T of the temperature fit, so that numbers near 1 solve
// it; the ODIR penalty is that of the unscaled weights.
class LinearNll {
 public:
  LinearNll(LinearForm form, const RowSubset& data, double scale, double odir);

  // The mean NLL with its penalty, and its gradient; +inf where a logit overflows.
  double operator()(std::span<const double> parameters, std::span<double> gradient) const;

  // The penalty is the sum of rate w^2, of a weight off the diagonal and of a bias.
  struct Rates {
    double weight = 0, bias = 0;
  };
  Rates penalty_rates() const;

 private:
  struct Block;
  double add_rows(std::span<const double> padded, Index begin, Index end, std::span<double> gradient) const;
  double block_nll(Block& block, Index first, Index rows) const;
  double penalty(std::span<const double> parameters, std::span<double> gradient) const;

  LinearForm form_;
  const RowSubset& data_;
  std::size_t classes_;
  double scale_, odir_;
};

}  // namespace temper::calibration
