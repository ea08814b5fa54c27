// A subset of the rows of a data set, without a copy: a fold of a cross-validation, or all rows.
#pragma once

#include <algorithm>
#include <span>

#include "core/engine/parallel.h"
#include "models/calibration/predictions.h"

namespace temper::calibration {

class RowSubset {
 public:
  // All rows. Implicit, so that a function of a RowSubset takes Predictions too. Keeps a reference.
  RowSubset(const Predictions& all) : all_(&all), whole_(true) {}
  // The rows with these numbers, each in 0..N-1. Keeps references to both.
  RowSubset(const Predictions& all, std::span<const Index> rows) : all_(&all), rows_(rows), whole_(false) {}

  Index size() const { return whole_ ? all_->size() : static_cast<Index>(rows_.size()); }
  Index classes() const { return all_->classes; }
  // The number in the data set of row i of the selection.
  Index index(Index i) const { return whole_ ? i : rows_[static_cast<std::size_t>(i)]; }
  std::span<const float> row(Index i) const { return all_->row(index(i)); }
  std::size_t label(Index i) const { return all_->label(index(i)); }
  const Predictions& all() const { return *all_; }

 private:
  const Predictions* all_;
  std::span<const Index> rows_ = {};
  bool whole_;
};

// Samples a chunk of a parallel loop, for sums over all samples: at most 16 chunks, so that a partial sum may be large. Every sum of this
// room uses it and so rounds alike.
inline Index grain(const RowSubset& selection) { return std::max(row_grain(selection.classes()), (selection.size() + 15) / 16); }
inline Chunks chunks(const RowSubset& selection) { return {selection.size(), grain(selection)}; }

// As check(Predictions), of the rows selected. Throws Error also when there are none.
void check(const RowSubset& selection);

}  // namespace temper::calibration
