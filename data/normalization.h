// Normalisation of pixels: (x/255 - mean) / std, channel by channel.
#pragma once

#include <vector>

#include "data/dataset.h"

namespace temper::data {

struct Normalization {
  std::vector<double> mean, std;  // (C), of x/255; every std is positive

  // The mean and the (population) standard deviation over all pixels of all images of `train`; a channel that is constant gets std 1.
  // Computed in integers: exact, in any order. For photos, of 5,000 evenly spaced ones, framed as in evaluation. Throws Error when there is
  // no image.
  static Normalization measure(const Dataset& train);

  // The normalised value of every byte: (C,256), rounded to float32 once. Throws Error for a std that is not positive, values that are not
  // finite, or sizes that differ.
  std::vector<float> table() const;

  bool operator==(const Normalization&) const = default;
};

}  // namespace temper::data
