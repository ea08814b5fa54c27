#include "core/ops/linear.h"

#include "core/engine/gemm.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

struct Linear {
  static constexpr auto name = "linear";

  Shape shape(const Shape& x, const Shape& w, const Shape&) const {
    TEMPER_CHECK(x.rank() == 2 && w.rank() == 2 && x[1] == w[1], "linear: an input ", x, " does not fit weights ", w,
                 "; it takes (N,D) and (K,D), so flatten images first");
    return {x[0], w[0]};
  }

  void forward(In<0> x, In<1> w, OptionalIn<2> b, Out y) const {
    const auto [N, D, K] = extents(x.shape, w.shape);
    TEMPER_CHECK(!b || b.shape == Shape{K}, "linear: a bias ", b.shape, " does not fit ", K, " outputs");
    parallel_gemm({x.data, N, D}, transposed({w.data, K, D}), {y.data, N, K}, {.bias = b.data});
  }

  void backward(In<0> x, In<1> w, Grad dy, Into<0> dx, Into<1> dw, Into<2> db) const {
    const auto [N, D, K] = extents(x.shape, w.shape);
    if (dx) parallel_gemm({dy.data, N, K}, {w.data, K, D}, {dx.data, N, D}, {.accumulate = dx.add});
    if (dw) parallel_gemm(transposed({dy.data, N, K}), {x.data, N, D}, {dw.data, K, D}, {.accumulate = dw.add});
    if (db) add_up_rows(dy, db);
  }

 private:
  // The sum of the rows of dy, a cache line of columns at a time: in float32 over some rows, and of those sums in double.
  static void add_up_rows(const ConstView& dy, const GradientView& db) {
    constexpr Index kLine = 16, kRows = 64;
    const Index N = dy.shape[0], K = dy.shape[1];
    parallel_for(K, std::max(kLine, row_grain(N) / kLine * kLine), [&](Index begin, Index end) {
      for (Index first = begin; first < end; first += kLine) {
        const Index columns = std::min(kLine, end - first);
        double total[kLine] = {};
        for (Index top = 0; top < N; top += kRows) {
          float sum[kLine] = {};
          for (Index n = top; n < std::min(N, top + kRows); ++n) {
            for (Index k = 0; k < columns; ++k) sum[k] += dy[n * K + first + k];
          }
          for (Index k = 0; k < columns; ++k) total[k] += sum[k];
        }
        for (Index k = 0; k < columns; ++k) db.store(first + k, static_cast<float>(total[k]));
      }
    });
  }

  struct Extents {
    Index N, D, K;
  };
  static Extents extents(const Shape& x, const Shape& w) { return {x[0], x[1], w[0]}; }
};

}  // namespace

Tensor linear(Tensor x, Tensor w, Tensor b) { return Tape::apply(Linear{}, std::move(x), std::move(w), std::move(b)); }

}  // namespace temper
