// The order of samples in an epoch and their batches: a pure function of (count, options, epoch).
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/base/shape.h"

namespace temper::data {

struct SamplerOptions {
  Index batch = 128;
  bool shuffle = false;  // a new order every epoch; without it, the order of the set
  std::uint64_t seed = 0;
  bool drop_last = false;  // drop the samples that do not fill a batch
};

// The last batch holds the remaining samples. With shuffling, that is in training, a single remaining sample joins the batch before it,
// which then has batch + 1 samples: batch normalisation has no variance over one value.
class Sampler {
 public:
  // Throws Error when `count` or the batch is 0 or less, or when drop_last leaves nothing.
  Sampler(Index count, const SamplerOptions& options);

  Index count() const { return count_; }
  Index batches() const { return batches_; }
  Index largest_batch() const { return std::max(batch_begin(1), end_ - batch_begin(batches_ - 1)); }
  // Batch b is the positions [batch_begin(b), batch_begin(b + 1)) of the order.
  Index batch_begin(Index b) const;

  // Writes the order of an epoch.
  void order(Index epoch, std::span<Index> samples) const;  // (count)

 private:
  Index count_;
  SamplerOptions options_;
  Index batches_;
  Index end_;  // samples visited
};

}  // namespace temper::data
