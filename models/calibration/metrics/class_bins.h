// The equal-width bins of every class's probability, for class-wise ECE and the decomposition of the Brier score.
#pragma once

#include <span>
#include <vector>

#include "models/calibration/metrics/reliability.h"

namespace temper::calibration {

class ClassBins {
 public:
  ClassBins(Index classes, Index bins);  // throws as bin_index for a bad number of bins

  void add(std::span<const double> probabilities, std::size_t label);
  void add(const ClassBins& other);  // of the same classes and bins

  // (1/K) sum over classes and bins of |labels - probability| / N.
  double classwise_ece(double samples) const;

  struct BrierParts {
    double reliability = 0, resolution = 0, uncertainty = 0;
  };
  BrierParts brier_parts(double samples) const;

 private:
  struct Sums {
    double count = 0, probability = 0, labels = 0;  // samples in the bin, the sum of their p_k, how many of them have the label k
  };

  Index classes_, bins_;
  std::vector<Sums> sums_;  // (K,bins)
};

}  // namespace temper::calibration
