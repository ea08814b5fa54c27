// Split conformal prediction: sets of classes that hold the true one with a probability of at least 1 - alpha, whatever the model, as long
// as calibration and new data are exchangeable (Vovk et al.; Angelopoulos & Bates, "A Gentle Introduction to Conformal Prediction", 2023).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "models/calibration/calibrator.h"
#include "models/calibration/row_subset.h"

namespace temper::calibration {

// A set holds the classes whose score is at most the threshold. Scores of class k with probability p_k and rank r_k (1 = the largest):
//   threshold  1 - p_k                                               Sadinle, Lei & Wasserman, JASA 2019
//   aps        sum of the larger p_j + u p_k                         Romano, Sesia & Candes, NeurIPS 2020
//   raps       aps + lambda max(0, r_k - k_reg)                      Angelopoulos et al., ICLR 2021
// u is uniform in [0,1) and drawn for each sample, as in the papers: without it the sets hold too much. Equal p_j: the lower class first.
enum class SetKind { threshold, aps, raps };
inline constexpr SetKind kSetKinds[] = {SetKind::threshold, SetKind::aps, SetKind::raps};
std::string_view name(SetKind kind);

struct ConformalOptions {
  double alpha = 0.1;    // in (0,1)
  double lambda = 0.01;  // of raps, >= 0
  Index k_reg = 5;       // of raps, >= 0
  std::uint64_t seed = 1;
};

class Conformal {
 public:
  // The threshold is the ceil((n + 1)(1 - alpha))-th smallest score of the labels of the n calibration samples; +inf, so every set holds
  // all classes, when n is too small for that: n < 1/alpha - 1. Throws as check(Predictions), and Error for options out of range.
  static Conformal fit(SetKind kind, const RowSubset& calibration, const Calibrator& calibrator, const ConformalOptions& options = {});

  double threshold() const { return threshold_; }

  // The classes of the set of a sample, surest first. `draw` is the sample's u.
  std::vector<Index> predict_set(std::span<const double> probabilities, double draw) const;

  struct Coverage {
    double coverage = 0;   // share of the samples whose set holds the label
    double mean_size = 0;  // classes a set
    Index empty = 0;       // sets without a class
  };
  Coverage check_on(const RowSubset& test, const Calibrator& calibrator) const;

 private:
  Conformal(SetKind kind, const ConformalOptions& options) : kind_(kind), options_(options) {}
  double score(double p, double larger, Index rank, double draw) const;

  SetKind kind_;
  ConformalOptions options_;
  double threshold_ = 0;
};

}  // namespace temper::calibration
