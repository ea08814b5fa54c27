// Synchronised batch normalisation: runs the passes of the shards of a batch in step with each other. At each normalisation all shards, on
// this rank and all others, exchange their statistics and continue with those of the whole batch.
//
// Each own shard has a thread, and only one of them runs at a time, while the others sleep: a shard computes the same as it would alone.
// With V shards in a batch, every exchange sends V blocks of at most 2 C + 2 numbers to every rank, C the largest number of channels.
//
//   lockstep.run(shards_with_images, [&](Index shard) { ... forward and backward of the loss times the shard's share ... });
//   for (Index shard : own shards) {
//     { const GradientSync::Pass pass(sync, shard); lockstep.put_back(shard); }
//     sync.take(shard, share, sums);
//   }
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "core/base/function_ref.h"
#include "core/base/range.h"
#include "core/engine/batch_statistics_exchange.h"
#include "core/engine/parameters.h"
#include "optim/distributed/communicator.h"

namespace temper::optim {

class SyncBatchNormRunner {
 public:
  // Keeps references. All ranks must make one with equal stores and shards.
  SyncBatchNormRunner(ParameterStore& store, Communicator& communicator, Index shards);
  ~SyncBatchNormRunner();

  // Calls pass(shard) for each of these own shards. requires: stale gradients. The store is restored afterwards; what the passes wrote is
  // kept for restore. All ranks must call it, also those whose shards have no images. Rethrows the first exception of a pass.
  void run(std::span<const Index> own_shards, FunctionRef<void(Index shard)> pass);

  // Writes the gradients of this shard's pass, and the running statistics after the batch, into the store. requires: the shard ran.
  void restore(Index shard);

 private:
  class ShardThread;  // the thread of a shard

  ShardThread& shard_thread(Index shard) { return *shard_threads_[static_cast<std::size_t>(shard - own_.begin)]; }
  std::span<float> state() const { return store_.all_values().subspan(store_.values().size()); }
  void advance(ShardThread& thread);
  void exchange_shard_blocks(std::span<const Index> own_shards);
  void cancel(std::span<const Index> own_shards);
  double* block(Index shard) { return blocks_.data() + shard * block_size_; }

  ParameterStore& store_;
  Communicator& communicator_;
  const Index shards_;
  const Range own_;
  const Index channels_,
      block_size_;  // the most of any normalisation; of a block: channels in use (0: the pass is over), rows, two numbers each
  std::vector<double> blocks_;
  std::unique_ptr<Exchange> exchange_;
  std::vector<BatchStatisticsExchange::Contribution> parts_;  // of the meeting that is on
  std::vector<float> state_, moved_state_;
  std::vector<std::unique_ptr<ShardThread>> shard_threads_;
};

}  // namespace temper::optim
