#include "core/ops/dropout.h"

#include <cmath>

#include "core/parallel.h"
#include "core/tape.h"

namespace temper {
namespace {

struct Dropout {
  static constexpr auto name = "dropout";
  float rate;
  Random random;

  Shape shape(const Shape& x) const { return x; }

  void forward(In<0> x, OutOver<0> y) const {
    for_each_element(x.size(), [&](Index i, bool kept, float factor) {
      const float scaled = factor * x[i];  // in any case: a choice between two numbers is no branch to be mispredicted
      y[i] = kept ? scaled : 0;
    });
  }
  void backward(Grad dy, IntoOver<0> dx) const {
    for_each_element(dy.size(), [&](Index i, bool kept, float factor) {
      const float scaled = factor * dy[i];
      dx.store(i, kept ? scaled : 0);
    });
  }

 private:
  static constexpr Index kWords = std::tuple_size_v<Random::Block>;
  static_assert(kElementGrain % kWords == 0, "a chunk begins with a block of random words");

  // body(i, is element i kept?, 1 / (1 - rate)).
  template <class Body> void for_each_element(Index size, Body body) const {
    const auto threshold = static_cast<std::uint64_t>(std::llround(std::ldexp(static_cast<double>(rate), 32)));
    const float factor = 1 / (1 - rate);
    parallel_for(size, kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; i += kWords) {
        const Random::Block words = random.block(static_cast<std::uint64_t>(i / kWords));
        for (Index j = i; j < std::min(end, i + kWords); ++j) body(j, words[static_cast<std::size_t>(j - i)] >= threshold, factor);
      }
    });
  }
};

}  // namespace

Tensor dropout(Tensor x, float rate, const Random& random) {
  TEMPER_CHECK(rate >= 0 && rate <= 1, "dropout: a rate of ", rate, " is not in 0..1; give the share of elements to drop");
  if (!Tape::recording() || rate == 0) return x;
  return Tape::apply(Dropout{rate, random}, std::move(x));
}

}  // namespace temper
