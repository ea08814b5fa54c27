#include "core/ops/local_response_norm.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/local_response_norm.h"

namespace temper {
namespace {

struct LocalResponseNorm {
  static constexpr auto name = "local_response_norm";
  LocalResponseNormOptions options;

  Shape shape(const Shape& x) const {
    TEMPER_CHECK(x.rank() >= 1, name, ": a scalar has no channels; give it an axis of them");
    return x;
  }

  std::array<Shape, 1> saved(const Shape& x) const { return {x}; }

  void forward(In<0> x, Out y, SavedOnTape<0> s) const {
    const LocalResponseNormParameters n = kernel(x.shape);
    parallel_for(x.shape.rows(), row_grain(8 * n.C), [&](Index begin, Index end) {
      Workspace scratch;
      const Index offset = begin * n.C;
      apply_local_response_norm(n, x.data + offset, end - begin, scratch.take(scratch_size(n)), s ? s.data + offset : nullptr,
                                y.data + offset);
    });
  }

  void backward(In<0> x, Saved<0> s, Grad dy, Into<0> dx) const {
    const LocalResponseNormParameters n = kernel(x.shape);
    parallel_for(x.shape.rows(), row_grain(8 * n.C), [&](Index begin, Index end) {
      Workspace scratch;
      const Index offset = begin * n.C;
      local_response_norm_gradient(n, x.data + offset, s.data + offset, dy.data + offset, end - begin, scratch.take(scratch_size(n)),
                                   dx.data + offset, dx.add);
    });
  }

 private:
  LocalResponseNormParameters kernel(const Shape& x) const {
    return {.C = x.last(),
            .radius = options.size / 2,
            .k = options.k,
            .share = options.alpha / static_cast<float>(options.size),
            .beta = options.beta};
  }
};

}  // namespace

Tensor local_response_norm(Tensor x, const LocalResponseNormOptions& options) {
  TEMPER_CHECK(options.size >= 1 && options.size % 2 == 1 && options.alpha >= 0 && options.k > 0, "local_response_norm: size ",
               options.size, ", alpha ", options.alpha, ", k ", options.k, "; use an odd size, alpha >= 0 and k > 0");
  return Tape::apply(LocalResponseNorm{options}, std::move(x));
}

}  // namespace temper
