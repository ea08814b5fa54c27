// What a classifier makes of each sample: for all that looks at samples one by one.
#pragma once

#include <cstdint>
#include <vector>

#include "models/calibration/calibrator.h"
#include "models/calibration/metrics/reliability.h"
#include "models/calibration/row_subset.h"

namespace temper::calibration {

struct SampleResults {
  Index classes = 0;
  std::vector<std::int32_t> labels = {}, predicted = {};  // (N); predicted: the class of the largest calibrated logit, the first of several
  Confidences confidences = {};                           // (N): the probability of the predicted class, and whether that is the label
  std::vector<double> losses = {};                        // (N): -log of the label's probability, in nats; +inf for a probability of 0

  Index size() const { return static_cast<Index>(labels.size()); }
};

// Throws as check(RowSubset): for a NaN among the logits, too.
SampleResults sample_results(const RowSubset& data, const Calibrator& calibrator);

// At most `count` samples, worst first, of equal ones the earlier first: those of the highest loss, right or wrong; and of those that are
// wrong the surest.
std::vector<Index> highest_losses(const SampleResults& results, std::size_t count);
std::vector<Index> surest_mistakes(const SampleResults& results, std::size_t count);

}  // namespace temper::calibration
