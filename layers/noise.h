// The randomness of a training step. While a Noise lives in a thread, layers that need random numbers, such as Dropout, draw them from it:
//
//   Tape tape;
//   const layers::Noise noise(Random(seed, {step}));
//   Tensor loss = softmax_cross_entropy(net(images), labels);
//
// What is dropped is thus a function of the stream that the caller names and of the order of the layers: a resumed run, which knows its
// step, drops the same. A run whose batches are cut into shards names a stream for each shard, and drops the same on any number of ranks.
#pragma once

#include "core/random.h"

namespace temper::layers {

class Noise {
 public:
  explicit Noise(const Random& stream);
  ~Noise();
  Noise(const Noise&) = delete;
  Noise& operator=(const Noise&) = delete;

  // A stream of its own for every call in a step. Throws when no Noise lives in this thread.
  static Random next();

 private:
  static Noise*& current();

  Random stream_;
  std::uint64_t calls_ = 0;
  Noise* outer_;
};

}  // namespace temper::layers
