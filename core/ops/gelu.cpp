#include "core/ops/gelu.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/gelu.h"

namespace temper {
namespace {

struct Gelu {
  static constexpr auto name = "gelu";

  Shape shape(const Shape& x) const { return x; }

  void forward(In<0> x, Out y) const {
    parallel_for(x.size(), kElementGrain, [&](Index begin, Index end) { apply_gelu(x.data + begin, end - begin, y.data + begin); });
  }

  void backward(In<0> x, Grad dy, IntoOver<0> dx) const {
    parallel_for(x.size(), kElementGrain,
                 [&](Index begin, Index end) { gelu_gradient(x.data + begin, dy.data + begin, end - begin, dx.data + begin, dx.add); });
  }
};

}  // namespace

Tensor gelu(Tensor x) { return Tape::apply(Gelu{}, std::move(x)); }

}  // namespace temper
