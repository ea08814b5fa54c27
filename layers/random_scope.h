// The random numbers of a training step. While a RandomScope lives in a thread, layers such as Dropout draw their random numbers from it:
//
//   Tape tape;
//   const layers::RandomScope random_scope(Random(seed, {step}));
//   Tensor loss = softmax_cross_entropy(net(images), labels);
//
// The dropped elements are thus a function of the caller's stream and of the order of the layers: a resumed run, which knows its step,
// drops the same ones. A run whose batches are cut into shards uses a stream for each shard, and drops the same elements on any number of
// ranks.
#pragma once

#include "core/base/random.h"

namespace temper::layers {

class RandomScope {
 public:
  explicit RandomScope(const Random& stream);
  ~RandomScope();
  RandomScope(const RandomScope&) = delete;
  RandomScope& operator=(const RandomScope&) = delete;

  // Returns a new stream at every call in a step. Throws Error when no RandomScope lives in this thread.
  static Random next();

 private:
  static RandomScope*& current();

  Random stream_;
  std::uint64_t calls_ = 0;
  RandomScope* outer_;
};

}  // namespace temper::layers
