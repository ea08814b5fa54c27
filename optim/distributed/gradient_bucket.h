// A part of the flat gradient that is sent as one message: see optim/distributed/gradient_sync.h.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "optim/distributed/communicator.h"
#include "optim/distributed/shards.h"

namespace temper::optim {

class GradientBucket {
 public:
  // values: the gradients of a shard after its passes, and the sum in the end. stack: memory of the same extent for each sum of own shards
  // that may have to wait for its sibling in the tree; none is needed for a single own shard.
  GradientBucket(Communicator& communicator, int number, Index shards, std::span<float> values, std::vector<float*> stack);

  // Adds the values of own shard 0, 1, ... to the sums.
  void fold(Index own_shard);
  // Called after the last own shard: starts to send. On a single rank the sum is then complete.
  void start();
  // Progresses the messages. Returns true once the values are the sum over all shards.
  bool done();
  bool started() const { return phase_ != Phase::folding; }
  const Exchange& awaited() const;  // requires: started, and not done
  void reset() { phase_ = Phase::folding; }

  Index incomplete = 0;  // gradients that the running pass has not written yet; for GradientSync

  // The largest number of sums that wait at the same time.
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
