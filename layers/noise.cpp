#include "layers/noise.h"

#include <utility>

#include "core/base/check.h"

namespace temper::layers {

Noise*& Noise::current() {
  thread_local Noise* noise = nullptr;
  return noise;
}

Noise::Noise(const Random& stream) : stream_(stream), outer_(std::exchange(current(), this)) {}
Noise::~Noise() { current() = outer_; }

Random Noise::next() {
  Noise* const noise = current();
  TEMPER_CHECK(noise,
               "dropout: the training step has no random numbers; put `const layers::Noise noise(Random(seed, {step}));` after the Tape");
  return Random(noise->stream_.bits(noise->calls_++), {});
}

}  // namespace temper::layers
