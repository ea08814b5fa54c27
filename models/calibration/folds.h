// The folds of a cross-validation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/calibration/row_subset.h"

namespace temper::calibration {

// Cuts the rows into `count` parts at random and stratified: the samples of a class are dealt to the parts in turn, and the next class goes
// on where the last one ended, so the sizes of the parts differ by at most one. A class of two samples or more is in the training rows of
// every fold. A function of the labels and the seed.
class Folds {
 public:
  // At most one fold a row. Throws Error for fewer than 2 rows (there is nothing to hold out) or folds.
  Folds(const RowSubset& data, Index count, std::uint64_t seed = 1);

  Index count() const { return static_cast<Index>(held_out_.size()); }
  // Numbers of rows in the data set, rising.
  std::span<const Index> held_out(Index fold) const { return held_out_[static_cast<std::size_t>(fold)]; }
  std::vector<Index> training_rows(Index fold) const;  // all the others

 private:
  std::vector<std::vector<Index>> held_out_;
};

}  // namespace temper::calibration
