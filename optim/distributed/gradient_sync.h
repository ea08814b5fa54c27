// Data-parallel training: adds the gradients of the shards of a batch, on one rank or on many, in the order of optim/distributed/shards.h.
//
// Each rank runs its own shards one after the other. While the backward pass of its last shard still runs, complete parts of the flat
// gradient (buckets) are already sent: every rank receives one piece of a bucket from all other ranks, adds the pieces and sends the sum
// back. A rank sends and receives twice the gradient, less its own share, as in a ring all-reduce; but all ranks add in the same order.
//
//   for (Index shard = sync.own().begin; shard < sync.own().end; ++shard) {
//     const GradientSync::Pass pass(sync, shard);
//     Tape tape;
//     tape.backward(scale(loss_of(shard), share));  // share: its samples / those of the batch
//     sync.take(shard, share, sums);
//   }
//   const BatchSums sums = sync.finish(false);      // the gradients in the store are those of the mean over the batch
//
// Running statistics: each shard updates the same initial ones by its own batch statistics; the result is their mean, weighted by samples.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "core/engine/parameters.h"
#include "core/engine/tape.h"
#include "optim/distributed/communicator.h"
#include "optim/distributed/gradient_bucket.h"
#include "optim/distributed/shards.h"

namespace temper::optim {

// Sums over a batch, or over a shard.
struct BatchSums {
  double loss = 0;  // times samples: images, or words
  double correct = 0, samples = 0;
  bool stop = false;  // some rank was asked to stop
};

// 256 KiB, so that little remains to be sent when the backward pass ends. But every message costs a rank time: 16 KiB to each rank as long
// as that is at most 1 MiB in all, and never less than 4 KiB.
inline Index usual_bucket(Index ranks) { return std::max({Index{1} << 16, std::min(ranks << 12, Index{1} << 18), ranks << 10}); }

struct SyncOptions {
  Index shards = 1;         // of a batch; at least as many as there are ranks
  Index bucket_floats = 0;  // 0: usual_bucket(ranks)
  bool overlap = true;      // false: sends nothing before the backward pass has ended. For measurements
};

class GradientSync {
 public:
  // Keeps references. All ranks must make one with equal stores and options. Throws Error when there are fewer shards than ranks.
  GradientSync(ParameterStore& store, Communicator& communicator, const SyncOptions& options);

  // The shards of this rank.
  const Range& own() const { return own_; }

  // Lives during the passes of a shard: starts them, and observes which gradients are complete.
  class Pass final : public Tape::Hook {
   public:
    Pass(GradientSync& sync, Index shard);
    void after(Tape::Hook::Pass pass, const AnyOp& op, const OpCall& call) override;

   private:
    GradientSync& sync_;
    bool last_;
  };

  // Called after the passes of a shard, whose loss was multiplied by `share`. A shard without samples has no passes and share 0.
  void take(Index shard, double share, const BatchSums& sums);

  // Called after the last shard: waits for the other ranks. Bit-identical on every rank. Throws Error when a rank is silent for too long.
  BatchSums finish(bool stop);

 private:
  struct Gradient {
    Parameter* parameter;
    GradientBucket* bucket;
    int writes = -1, left = 0;  // in a backward pass, and still to come in this one; -1: not known before the first is over
  };

  std::span<float> state() const;  // the running statistics in the store
  void take_state(double share);
  void begin_last_pass();
  void wrote(const float* gradient);
  void poll();
  BatchSums add_sums() const;

  ParameterStore& store_;
  Communicator& communicator_;
  const SyncOptions options_;
  const Range own_;
  std::vector<std::vector<float>> stack_;  // sums of own shards that are not joined yet, as long as gradient and state
  std::vector<float> state_, state_change_;
  std::vector<Gradient> gradients_;  // by address
  std::vector<std::unique_ptr<GradientBucket>> buckets_;
  std::vector<double> sums_;  // rank by rank: loss, correct and samples of each of its shards, and whether it is to stop
  std::unique_ptr<Exchange> sums_exchange_;
};

}  // namespace temper::optim
