// Whether two results on the same samples differ by more than chance. Both were measured on every sample, so what a sample adds to the
// difference is known, and a difference is told apart from chance far sooner than by two intervals side by side.
#pragma once

#include <limits>
#include <span>

#include "models/calibration/metrics/calibration_error.h"
#include "models/calibration/metrics/reliability.h"

namespace temper::calibration {

inline constexpr Interval kNoInterval{std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};

// Whether the interval of a difference was measured, and whether it leaves out 0: only then may a sentence say that one is better.
bool is_measured(const Interval& difference);
bool is_significant(const Interval& difference);

// 95 % intervals of the first result less the second, NaN where not measured, as for fewer than 10 samples: they prove nothing.
//   accuracy, nll   of the mean of the samples' differences, the normal one. That of the accuracy has half a pair added in either direction
//                   (Agresti & Min, Statistics in Medicine 2005): a few pairs that all point one way are no proof.
//   the others      by bootstrap of the samples, the same for both results. Basic and percentile intervals differ where the samples are few
//                   or a metric is biased; this is the smallest one that holds both.
struct PairedDifference {
  Interval accuracy = kNoInterval, nll = kNoInterval, ece = kNoInterval, aurc = kNoInterval;
  // AURC less that of the best order of as many mistakes (Geifman, Uziel & El-Yaniv, ICLR 2019): the order alone, as more mistakes raise
  // every AURC.
  Interval excess_aurc = kNoInterval;
};

// The mean over the runs of `first` less that over the runs of `second`, without NLL. Throws Error unless both have runs and all of these
// the same number of samples. A function of the data and their order: the same on any number of threads.
PairedDifference paired_difference(std::span<const Confidences* const> first, std::span<const Confidences* const> second);

// Of the AURC alone: `confidence` may be any score, see selective.h.
Interval paired_aurc_difference(const Confidences& first, const Confidences& second);

// Of the NLL, by the losses of the samples; not measured where one is infinite.
Interval paired_mean_difference(std::span<const double> first, std::span<const double> second);

// AURC less the least that as many mistakes can have.
double excess_aurc(const Confidences& confidences);

}  // namespace temper::calibration
