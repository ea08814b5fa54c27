// The passes of the shards of a batch in step with each other, for synchronised batch normalisation: at each one they meet, on this rank
// and all others, and go on with statistics over the whole batch.
//
// Each own shard has a thread that sleeps while another one's pass, or the messages of all, take their turn: one is awake at a time, and
// what a shard computes is the same as if it were alone. Where a batch has V shards every meeting sends V blocks of at most 2 C + 2 numbers
// to every rank, C the most channels that there are.
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

#include "core/batch_pool.h"
#include "core/function_ref.h"
#include "core/parameters.h"
#include "core/range.h"
#include "optim/communicator.h"

namespace temper::optim {

class Lockstep {
 public:
  // Keeps references. All ranks must make one with equal stores and shards.
  Lockstep(ParameterStore& store, Communicator& communicator, Index shards);
  ~Lockstep();

  // pass(shard) for each of these own shards. requires: fresh gradients. The store is afterwards as it was before; what the passes left
  // there is kept for put_back. All ranks must call it, also one without shards that have images. The first exception of a pass reaches the
  // caller.
  void run(std::span<const Index> own_shards, FunctionRef<void(Index shard)> pass);

  // The gradients that the pass of this shard left, and the running statistics after the batch, go into the store. requires: it ran.
  void put_back(Index shard);

 private:
  class Walker;  // the thread of a shard

  Walker& walker(Index shard) { return *walkers_[static_cast<std::size_t>(shard - own_.begin)]; }
  std::span<float> state() const { return store_.all_values().subspan(store_.values().size()); }
  void advance(Walker& walker);
  void exchange_blocks_of(std::span<const Index> own_shards);
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
  std::vector<BatchPool::Part> parts_;  // of the meeting that is on
  std::vector<float> state_, moved_state_;
  std::vector<std::unique_ptr<Walker>> walkers_;
};

}  // namespace temper::optim
