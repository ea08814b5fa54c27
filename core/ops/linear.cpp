#include "core/ops/linear.h"

#include "core/gemm.h"
#include "core/tape.h"

namespace temper {
namespace {

struct Linear {
  static constexpr auto name = "linear";

  Shape shape(const Shape& x, const Shape& w, const Shape&) const {
    TEMPER_CHECK(x.rank() == 2 && w.rank() == 2 && x[1] == w[1], "linear: an input ", x, " does not fit weights ", w,
                 "; it takes (N,D) and (K,D), so flatten images first");
    return {x[0], w[0]};
  }

  void forward(In<0> x, In<1> w, In<2> b, Out y) const {
    const auto [N, D, K] = extents(x.shape, w.shape);
    TEMPER_CHECK(!b || b.shape == Shape{K}, "linear: a bias ", b.shape, " does not fit ", K, " outputs");
    parallel_gemm({x.data, N, D}, transposed({w.data, K, D}), {y.data, N, K}, {.bias = b.data});
  }

  void backward(In<0> x, In<1> w, Grad dy, Into<0> dx, Into<1> dw, Into<2> db) const {
    const auto [N, D, K] = extents(x.shape, w.shape);
    if (dx) parallel_gemm({dy.data, N, K}, {w.data, K, D}, {dx.data, N, D}, {.accumulate = dx.add});
    if (dw) parallel_gemm(transposed({dy.data, N, K}), {x.data, N, D}, {dw.data, K, D}, {.accumulate = dw.add});
    if (db) {
      for (Index k = 0; k < K; ++k) {
        float sum = 0;
        for (Index n = 0; n < N; ++n) sum += dy[n * K + k];
        db.store(k, sum);
      }
    }
  }

 private:
  struct Extents {
    Index N, D, K;
  };
  static Extents extents(const Shape& x, const Shape& w) { return {x[0], x[1], w[0]}; }
};

}  // namespace

Tensor linear(Tensor x, Tensor w, Tensor b) { return Tape::apply(Linear{}, std::move(x), std::move(w), std::move(b)); }

}  // namespace temper
