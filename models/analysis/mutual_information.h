// Figure 6 of "When Does Label Smoothing Help?" (Müller, Kornblith, Hinton, NeurIPS 2019): how much of an input's identity is left in the
// logits, with augmentation as the noise. A smoothed teacher keeps the class and forgets the rest, which is what a student could have
// learned.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "data/augment.h"
#include "data/dataset.h"
#include "models/networks/model.h"

namespace temper::analysis {

struct InformationOptions {
  Index samples = 5;       // L: augmented images whose mean is mu_x
  bool reuse = false;      // y_x is the first of these L; else one more, fresh image
  Index shuffles = 10;     // of each null
  std::uint64_t seed = 1;  // of the shuffles
};

// With f(d_l(x)) the difference of two logits of the l-th augmented image of input x, l = 1..L, and y_x of one augmented image:
//   mu_x = 1/L sum_l f(d_l(x)),   s^2 = 1/N sum_x (y_x - mu_x)^2, one variance for all inputs,
//   I = 1/N sum_x [ -(y_x - mu_x)^2 / (2 s^2) - log( 1/N sum_x' exp(-(y_x - mu_x')^2 / (2 s^2)) ) ]   in nats, at most log N.
// The first version of the paper lacks both 1/N. Logarithms of sums are taken around the largest term, in double.
//
// The estimate is biased, because mu_x is a mean of few. Without information beyond the noise it is not 0 but, for normal noise and a =
// 1/L,
//   fresh    1/2 log((1 + 2a) / (1 + a)) + 1 / (2 (1 + 2a)) - 1/2,   -0.066 at L = 5
//   reused   -1/2 log(1 - a),                                        +0.112 at L = 5
// so two classes and nothing else give not log 2 = 0.693 but about 0.63 or 0.80. The nulls measure that on the numbers at hand: the same
// estimate after all values were shuffled among the inputs, among all of them or among those of the same class.
struct MutualInformation {
  Index inputs = 0;                  // N
  double nats = 0;                   // I
  double variance = 0;               // s^2
  double shuffled = 0;               // mean I of the null: what is there without information
  double shuffled_within_class = 0;  // the same within classes: what is there with that of the class alone
  double most = 0;                   // log N

  double corrected() const { return nats - shuffled; }
  double beyond_class() const { return nats - shuffled_within_class; }  // about the input, in one class
};

// values (N,C) of f: C = L with reuse, else L + 1, the last of which is fresh. classes (N). Throws Error for sizes that do not fit, options
// out of range, values not finite, and noise that changes nothing, s = 0.
MutualInformation mutual_information(std::span<const double> values, std::span<const std::int32_t> classes,
                                     const InformationOptions& options = {});

struct LogitDifferences {
  Index first = 0, second = 1;  // classes: f = z_first - z_second
  data::Augment augment = {};   // the noise
  Index images = 6;             // C: of each input
  std::uint64_t seed = 1;       // of the augmentation; image l is that of epoch l
  std::function<void(Index done, Index all)> on_progress = {};
};

// (N,C) of the samples of the set, in evaluation. Throws Error for classes that are none or equal, and as models::predict.
std::vector<double> logit_differences(const models::Model& model, const data::Dataset& set, const LogitDifferences& options);

}  // namespace temper::analysis
