// A part of the flat gradient that travels as one: see optim/gradient_sync.h.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "optim/communicator.h"
#include "optim/shards.h"

namespace temper::optim {

class GradientBucket {
 public:
  // values: what the passes of a shard leave, and where the sum is put in the end. stack: memory of the same extent for each sum of own
  // shards that can wait for its other half; none is needed for a single own shard.
  GradientBucket(Communicator& communicator, int number, Index shards, std::span<float> values, std::vector<float*> stack);

  // Takes the values of own shard 0, 1, ... into the sums.
  void fold(Index own_shard);
  // After the last: sends. On a single rank the sum is complete then.
  void start();
  // Moves the messages on. Once true, the values are the sum over all shards.
  bool done();
  bool started() const { return phase_ != Phase::folding; }
  const Exchange& awaited() const;  // requires: started, and not done
  void reset() { phase_ = Phase::folding; }

  Index incomplete = 0;  // gradients that the running pass has not written yet; for GradientSync

  // The most sums that wait at a time.
  static Index stack_size(const Range& own);

 private:
  enum class Phase { folding, scattering, gathering, done };

  float* row(Index place);  // of own sums that remain
  void make_exchanges(int number);
  void add_own_rows();
  void pack();
  void add_piece();

  Communicator& communicator_;
  const std::span<float> values_;
  const std::vector<float*> stack_;
  const Range own_;
  std::vector<Index> depth_;              // of the stack after each own shard
  std::vector<Range> pieces_;             // of the values, by rank
  std::vector<Index> first_row_;          // by rank: where its nodes are among all; then how many there are
  TreePlan plan_;                         // of adding the nodes of all ranks
  std::vector<float> packed_, received_;  // own nodes' pieces by rank; this rank's piece of all nodes
  std::unique_ptr<Exchange> scatter_, gather_;
  Phase phase_ = Phase::folding;
};

}  // namespace temper::optim
