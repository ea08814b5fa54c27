#include "core/ops/relu.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/relu.h"

namespace temper {
namespace {

struct Relu {
  static constexpr auto name = "relu";

  Shape shape(const Shape& x) const { return x; }

  void forward(In<0> x, OutOver<0> y) const {
    parallel_for(x.size(), kElementGrain, [&](Index begin, Index end) { apply_relu(x.data + begin, end - begin, y.data + begin); });
  }

  void backward(Out y, Grad dy, IntoOver<0> dx) const {
    parallel_for(y.size(), kElementGrain,
                 [&](Index begin, Index end) { relu_gradient(y.data + begin, dy.data + begin, end - begin, dx.data + begin, dx.add); });
  }
};

}  // namespace

Tensor relu(Tensor x) { return Tape::apply(Relu{}, std::move(x)); }

}  // namespace temper
