// Synchronised batch normalisation: a batch that passes through the network in shards is normalised as a whole.
#pragma once

#include <span>

#include "core/base/shape.h"

namespace temper {

// While one is current in a thread, batch normalisation on that thread's tape exchanges its statistics with the other shards of the batch
// and normalises with the statistics over all rows of all shards. The gradients through these statistics are computed in the same way. The
// loss of a shard must be its share of the loss of the batch.
class BatchStatisticsExchange {
 public:
  // Rows and two numbers a channel. forward: the mean and the sum of squared deviations from it; backward: the sums of g and of g z, as
  // core/kernels/batch_statistics.h defines them.
  struct Contribution {
    double rows;
    const double *first, *second;  // (C)
  };

  virtual ~BatchStatisticsExchange() = default;
  // Returns what all shards contribute at this layer, this one included, in the order of the shards; shards without rows are left out.
  // Valid until the next call.
  virtual std::span<const Contribution> all_gather(const Contribution& own, Index C) = 0;
  // Exactly one of the shards updates the running statistics that they share. True for that one.
  virtual bool updates_running_statistics() const = 0;

  static BatchStatisticsExchange* current();  // null: a batch is not cut into shards

  class Scope {
   public:
    explicit Scope(BatchStatisticsExchange* exchange);  // null: batches are not cut into shards in this scope
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    BatchStatisticsExchange* outer_;
  };
};

}  // namespace temper
