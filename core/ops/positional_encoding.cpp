#include "core/ops/positional_encoding.h"

#include <cmath>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

struct AddPositionalEncoding {
  static constexpr auto name = "add_positional_encoding";
  PositionalEncodingOptions options;

  Shape shape(const Shape& x) const {
    TEMPER_CHECK(x.rank() == 3, name, ": an input ", x, " has no axis of positions; give it as (N,L,D)");
    TEMPER_CHECK(options.first >= 0, name, ": position ", options.first, "; positions count from 0");
    return x;
  }

  void forward(In<0> x, OutOver<0> y) const {
    const Index N = x.shape[0], L = x.shape[1], D = x.shape[2];
    Workspace scratch;
    float* const encoding = scratch.take(L * D);
    parallel_for(L, row_grain(D), [&](Index begin, Index end) {
      for (Index l = begin; l < end; ++l) encode(options.first + l, D, encoding + l * D);
    });
    parallel_for(N * L, row_grain(D), [&](Index begin, Index end) {
      for (Index row = begin; row < end; ++row) {
        for (Index d = 0; d < D; ++d) y[row * D + d] = options.scale * x[row * D + d] + encoding[row % L * D + d];
      }
    });
  }

  void backward(Grad dy, IntoOver<0> dx) const {
    parallel_for(dy.size(), kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) dx.store(i, options.scale * dy[i]);
    });
  }

 private:
  static void encode(Index position, Index D, float* encoding) {
    for (Index d = 0; d < D; ++d) {
      const double angle = static_cast<double>(position) * std::pow(1e4, -static_cast<double>(d - d % 2) / static_cast<double>(D));
      encoding[d] = static_cast<float>(d % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
};

}  // namespace

Tensor add_positional_encoding(Tensor x, const PositionalEncodingOptions& options) {
  return Tape::apply(AddPositionalEncoding{options}, std::move(x));
}

}  // namespace temper
