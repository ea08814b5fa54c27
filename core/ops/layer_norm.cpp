#include "core/ops/layer_norm.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/layer_norm.h"

namespace temper {
namespace {

struct LayerNorm {
  static constexpr auto name = "layer_norm";
  float epsilon;

  Shape shape(const Shape& x, const Shape& gamma, const Shape& beta) const {
    TEMPER_CHECK(x.rank() >= 1 && x.last() >= 1, name, ": an input ", x, " has no features; its last axis must have at least one");
    TEMPER_CHECK(gamma == Shape{x.last()} && beta == gamma, name, ": gamma ", gamma, " and beta ", beta, " do not fit an input ", x,
                 "; give each one number a feature");
    return x;
  }
  std::array<Shape, 1> saved(const Shape& x, const Shape&, const Shape&) const { return {Shape{x.rows(), 2}}; }

  void forward(In<0> x, In<1> gamma, In<2> beta, Out y, SavedOnTape<0> saved) const {
    const Index D = x.shape.last();
    parallel_for(x.shape.rows(), row_grain(D), [&](Index begin, Index end) {
      temper::layer_norm(x.data + begin * D, gamma.data, beta.data, epsilon, end - begin, D, y.data + begin * D,
                         saved ? statistics(saved) + begin : nullptr);
    });
  }

  void backward(In<0> x, In<1> gamma, Grad dy, SavedOnTape<0> saved, Into<0> dx, Into<1> dgamma, Into<2> dbeta) const {
    const Index D = x.shape.last();
    const Chunks chunks(x.shape.rows(), row_grain(D));
    Workspace scratch;
    float* const sums = dgamma || dbeta ? scratch.take(chunks.number() * 2 * D) : nullptr;  // (chunks,2,D)
    parallel_for(chunks, [&](Index begin, Index end) {
      float* const chunk = sums ? sums + chunks.index_of(begin) * 2 * D : nullptr;
      if (chunk) std::fill_n(chunk, 2 * D, 0.0f);
      layer_norm_gradient(x.data + begin * D, gamma.data, statistics(saved) + begin, dy.data + begin * D, end - begin, D,
                          dx ? dx.data + begin * D : nullptr, dx.add, chunk, chunk ? chunk + D : nullptr);
    });
    join(sums, chunks.number(), D, 0, dgamma);
    join(sums, chunks.number(), D, 1, dbeta);
  }

 private:
  static_assert(sizeof(RowStatistics) == 2 * sizeof(float));
  static RowStatistics* statistics(const View& saved) { return reinterpret_cast<RowStatistics*>(saved.data); }

  static void join(const float* sums, Index chunks, Index D, Index which, const GradientView& gradient) {
    if (!gradient) return;
    for (Index i = 0; i < D; ++i) {
      double sum = 0;
      for (Index chunk = 0; chunk < chunks; ++chunk) sum += sums[(2 * chunk + which) * D + i];
      gradient.store(i, static_cast<float>(sum));
    }
  }
};

}  // namespace

Tensor layer_norm(Tensor x, Tensor gamma, Tensor beta, float epsilon) {
  TEMPER_CHECK(epsilon > 0, "layer_norm: epsilon is ", epsilon, "; it must be positive, e.g. 1e-5");
  return Tape::apply(LayerNorm{epsilon}, std::move(x), std::move(gamma), std::move(beta));
}

}  // namespace temper
