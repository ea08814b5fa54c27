// Reliability: how often predictions of a given confidence are right (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017).
//
// The bin rule, the only one of this project: n equal-width bins, bin i = (i/n, (i+1)/n], closed on the right. Confidence 0 belongs to the
// first bin, 1 to the last, so every sample is counted once. The edge i/n is the number of the confidence's own type nearest to i/n and is
// compared exactly: with ten bins the double 0.3 and the float 0.3f both lie on the edge 3/10 and so in (0.2, 0.3], although 0.3f is larger
// than 3/10. Hence floats are binned as floats: do not widen them first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/shape.h"
#include "models/calibration/predictions.h"

namespace temper::calibration {

inline constexpr Index kBins = 15;  // of Guo et al. and of all results of this project

struct Bin {
  double lower = 0, upper = 0;  // confidences in (lower, upper]
  Index count = 0;
  double confidence = 0, accuracy = 0;  // means over the bin's samples; 0 in an empty bin
};

// The bin of a confidence. Throws Error outside [0,1], for NaN, and unless 1 <= bins <= 2^20.
Index bin_index(double confidence, Index bins = kBins);
Index bin_index(float confidence, Index bins = kBins);

// The confidence of each sample, that is the probability of the predicted class, and whether that class is the label.
struct Confidences {
  std::vector<double> confidence;     // (N)
  std::vector<std::uint8_t> correct;  // (N), 1 = right, 0 = wrong
};
Confidences confidences(const Predictions& predictions, double temperature = 1);

// Equal-width bins, empty ones included; their counts add up to N. A confidence up to 1e-6 above 1 (rounding) is taken as 1. Throws Error,
// naming the sample, for a confidence that is NaN or otherwise outside [0,1], and for N = 0, different lengths, correct[i] > 1, or bins
// < 1.
std::vector<Bin> reliability(std::span<const double> confidence, std::span<const std::uint8_t> correct, Index bins = kBins);
std::vector<Bin> reliability(std::span<const float> confidence, std::span<const std::uint8_t> correct, Index bins = kBins);
std::vector<Bin> reliability(const Predictions& predictions, double temperature = 1, Index bins = kBins);

// Equal-mass bins: of the samples in order of confidence, bin r ends at the first place at or after rank r N / n that does not separate
// equal confidences (equal = neighbours at most 1e-12 apart, the noise of a softmax), so the result cannot depend on the order of the
// samples. None is empty; there are at most n, fewer if N < n or if there are ties. lower and upper are the least and the largest
// confidence of the bin, both inside it. Errors as above.
std::vector<Bin> equal_mass_reliability(std::span<const double> confidence, std::span<const std::uint8_t> correct, Index bins = kBins);

// Expected calibration error: sum_b n_b / N |accuracy_b - confidence_b|. Of equal-width bins it is the ECE of Guo et al., of equal-mass
// bins the adaptive one. Throws Error if the bins hold no sample.
double compute_ece(std::span<const Bin> bins);

// Maximum calibration error: max over the bins that hold samples of |accuracy_b - confidence_b|. Throws as compute_ece.
double compute_mce(std::span<const Bin> bins);

}  // namespace temper::calibration
