#include "core/ops/mean.h"

#include <functional>
#include <numeric>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

struct Mean {
  static constexpr auto name = "mean";

  Shape shape(const Shape& x) const {
    TEMPER_CHECK(x.size() > 0, "mean: an input ", x, " has no elements; give it at least one");
    return {};
  }

  void forward(In<0> x, Out y) const {
    const double sum = parallel_reduce(
        x.size(), kElementGrain, 0.0, [&](Index begin, Index end) { return std::accumulate(x.data + begin, x.data + end, 0.0); },
        std::plus<>());
    y[0] = static_cast<float>(sum / static_cast<double>(x.size()));
  }

  void backward(Grad dy, Into<0> dx) const {
    const auto share = static_cast<float>(dy[0] / static_cast<double>(dx.size()));
    parallel_for(dx.size(), kElementGrain, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) dx.store(i, share);
    });
  }
};

}  // namespace

Tensor mean(Tensor x) { return Tape::apply(Mean{}, std::move(x)); }

}  // namespace temper
