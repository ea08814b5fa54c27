#include "models/calibration/metrics/class_bins.h"

#include <cmath>

namespace temper::calibration {

ClassBins::ClassBins(Index classes, Index bins) : classes_(classes), bins_(bins) {
  bin_index(0.0, bins);  // refuses a bad number of bins before anything is allocated
  sums_.resize(static_cast<std::size_t>(classes * bins));
}

void ClassBins::add(std::span<const double> probabilities, std::size_t label) {
  Sums* sums = sums_.data();
  for (std::size_t k = 0; k < probabilities.size(); ++k, sums += bins_) {
    Sums& bin = sums[bin_index(probabilities[k], bins_)];
    bin.count += 1;
    bin.probability += probabilities[k];
    bin.labels += k == label ? 1 : 0;
  }
}

void ClassBins::add(const ClassBins& other) {
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    sums_[i].count += other.sums_[i].count;
    sums_[i].probability += other.sums_[i].probability;
    sums_[i].labels += other.sums_[i].labels;
  }
}

double ClassBins::classwise_ece(double samples) const {
  double sum = 0;
  for (const Sums& bin : sums_) sum += std::abs(bin.labels - bin.probability);
  return sum / static_cast<double>(classes_) / samples;
}

ClassBins::BrierParts ClassBins::brier_parts(double samples) const {
  BrierParts parts;
  for (auto bin = sums_.begin(); bin != sums_.end(); bin += bins_) {
    double labels = 0;
    for (Index b = 0; b < bins_; ++b) labels += bin[b].labels;
    const double base_rate = labels / samples;
    parts.uncertainty += base_rate * (1 - base_rate);
    for (Index b = 0; b < bins_; ++b) {
      const Sums& sums = bin[b];
      if (sums.count == 0) continue;
      const double frequency = sums.labels / sums.count, gap = sums.probability / sums.count - frequency, lift = frequency - base_rate;
      parts.reliability += sums.count / samples * gap * gap;
      parts.resolution += sums.count / samples * lift * lift;
    }
  }
  return parts;
}

}  // namespace temper::calibration
