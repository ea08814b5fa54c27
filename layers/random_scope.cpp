#include "layers/random_scope.h"

#include <utility>

#include "core/base/check.h"

namespace temper::layers {

RandomScope*& RandomScope::current() {
  thread_local RandomScope* random_scope = nullptr;
  return random_scope;
}

RandomScope::RandomScope(const Random& stream) : stream_(stream), outer_(std::exchange(current(), this)) {}
RandomScope::~RandomScope() { current() = outer_; }

Random RandomScope::next() {
  RandomScope* const random_scope = current();
  TEMPER_CHECK(random_scope,
               "dropout: the training step has no random numbers; put `const layers::RandomScope random_scope(Random(seed, {step}));` "
               "after the Tape");
  return Random(random_scope->stream_.bits(random_scope->calls_++), {});
}

}  // namespace temper::layers
