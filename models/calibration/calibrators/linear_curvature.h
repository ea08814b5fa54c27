// The curvature of the NLL of matrix and Dirichlet scaling at the solver's current point, as a preconditioner. The features of many classes
// are nearly collinear: without it the solver needs hundreds of steps instead of dozens.
#pragma once

#include <span>
#include <vector>

#include "models/calibration/calibrators/linear_nll.h"

namespace temper::calibration {

// The Hessian without the parts that join two classes: for class k A_k = mean of p_k (1 - p_k) (x,1)(x,1)' over some
// thousand rows, K + 1 numbers square. Beyond 256 classes all A_k are taken as multiples of one, mean of (x,1)(x,1)', because the memory
// for all would grow as K^3.
class LinearCurvature {
 public:
  // At `parameters`; those, `scale` and the penalty as LinearNll has them. Requires matrix or dirichlet, and finite calibrated logits.
  LinearCurvature(LinearForm form, const RowSubset& data, double scale, std::span<const double> parameters,
                  const LinearNll::Rates& penalty);

  // gradient := A^-1 gradient; in the order of the parameters.
  void solve(std::span<double> gradient) const;

 private:
  void factor(const LinearNll::Rates& penalty);
  std::span<double> cholesky_factor(std::size_t block) {
    return std::span(factors_).subspan(block * features_ * padded_, features_ * padded_);
  }

  std::size_t classes_, features_, padded_, blocks_;
  std::vector<double> share_;    // (K): by what a class multiplies its block
  std::vector<double> factors_;  // (blocks,K + 1,padded): the lower Cholesky factors
};

}  // namespace temper::calibration
