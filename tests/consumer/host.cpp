// Embeds temper in a host that has its own core/engine/tensor.h, and writes an operation of its own.
#include <temper/core/engine/tape.h>
#include <temper/temper.h>

#include <cstdio>

#include "core/engine/tensor.h"

namespace {

struct Square {
  static constexpr auto name = "square";
  temper::Shape shape(const temper::Shape& x) const { return x; }
  void forward(temper::In<0> x, temper::Out y) const {
    for (temper::Index i = 0; i < x.size(); ++i) y[i] = x[i] * x[i];
  }
  void backward(temper::In<0> x, temper::Grad dy, temper::Into<0> dx) const {
    for (temper::Index i = 0; i < x.size(); ++i) dx.store(i, 2 * x[i] * dy[i]);
  }
};

}  // namespace

int main() {
  [[maybe_unused]] const host::Tensor mine;
  temper::ParameterStore store;
  temper::Parameter& x = store.root().declare({.name = "x", .shape = {3}, .initialize = temper::layers::constant(2)});
  store.commit({});
  temper::Tape tape;
  tape.backward(temper::mean(temper::Tape::apply(Square{}, temper::Tensor(x))));
  std::printf("%g\n", x.gradient[0]);
  return x.gradient[0] > 1.33f && x.gradient[0] < 1.34f ? 0 : 1;
}
