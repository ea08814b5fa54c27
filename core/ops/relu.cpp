#include "core/ops/relu.h"

#include "core/parallel.h"
#include "core/tape.h"

namespace temper {
namespace {

struct Relu {
  static constexpr auto name = "relu";

  Shape shape(const Shape& x) const { return x; }

  void forward(In<0> x, OutOver<0> y) const {
    parallel_for(x.size(), kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) y[i] = x[i] < 0 ? 0 : x[i];
    });
  }

  void backward(Out y, Grad dy, IntoOver<0> dx) const {
    parallel_for(y.size(), kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) dx.store(i, y[i] > 0 ? dy[i] : 0);
    });
  }
};

}  // namespace

Tensor relu(Tensor x) { return Tape::apply(Relu{}, std::move(x)); }

}  // namespace temper
