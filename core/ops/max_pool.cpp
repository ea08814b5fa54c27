#include "core/ops/max_pool.h"

#include <cmath>

#include "core/parallel.h"
#include "core/tape.h"

namespace temper {
namespace {

// Taps are saved as floats, which count exactly up to here.
constexpr Index kMostTaps = 1 << 24;

// Takes over the values that are larger than the best so far, or the first NaN. Without a branch, so that it is vectorised.
void update(const float* values, float tap, Index C, float* best, float* best_tap) {
  for (Index c = 0; c < C; ++c) {
    const float value = values[c], old = best[c], old_tap = best_tap[c];
    const bool keeps = static_cast<int>(value <= old) | static_cast<int>(std::isnan(old));
    best_tap[c] = keeps ? old_tap : tap;
    best[c] = keeps ? old : value;
  }
}

struct MaxPool {
  static constexpr auto name = "max_pool";
  Window window;

  Shape shape(const Shape& x) const {
    const Shape y = pooled_shape(name, window, x);
    TEMPER_CHECK(window.kernel.h * window.kernel.w <= kMostTaps, name, ": a kernel ", window.kernel, " has more than ", kMostTaps,
                 " positions; use a smaller one, several times");
    return y;
  }
  std::array<Shape, 1> saved(const Shape& x) const { return {shape(x)}; }

  void forward(In<0> x, Out y, Saved<0> winner) const {
    const Index H = x.shape[1], W = x.shape[2], C = x.shape[3], P = y.shape[1], Q = y.shape[2];
    parallel_for(x.shape[0] * P, row_grain(Q * C), [&](Index begin, Index end) {
      for (Index i = begin * Q; i < end * Q; ++i) {
        const float* image = x.data + i / (P * Q) * H * W * C;
        float *best = y.data + i * C, *best_tap = winner.data + i * C;
        bool first = true;
        for_each_tap(window, x.shape, i / Q % P, i % Q, [&](Index tap, Index pixel) {
          const float* values = image + pixel * C;
          const auto this_tap = static_cast<float>(tap);
          if (std::exchange(first, false)) {
            std::copy_n(values, C, best);
            std::fill_n(best_tap, C, this_tap);
            return;
          }
          update(values, this_tap, C, best, best_tap);
        });
      }
    });
  }

  void backward(Saved<0> winner, Grad dy, Into<0> dx) const {
    const Index image_size = dx.shape[1] * dx.shape[2] * dx.shape[3], C = dx.shape[3], P = dy.shape[1], Q = dy.shape[2];
    // One image a thread: windows overlap within an image only.
    parallel_for(dx.shape[0], row_grain(image_size), [&](Index begin, Index end) {
      if (!dx.add) std::fill(dx.data + begin * image_size, dx.data + end * image_size, 0.0f);
      for (Index i = begin * P * Q; i < end * P * Q; ++i) {
        float* image = dx.data + i / (P * Q) * image_size;
        const float *gradient = dy.data + i * C, *best_tap = winner.data + i * C;
        for_each_tap(window, dx.shape, i / Q % P, i % Q, [&](Index tap, Index pixel) {
          float* into = image + pixel * C;
          const auto this_tap = static_cast<float>(tap);
          for (Index c = 0; c < C; ++c) {
            const float share = gradient[c];  // read in any case, or the loop is not vectorised
            into[c] += best_tap[c] == this_tap ? share : 0;
          }
        });
      }
    });
  }
};

}  // namespace

Tensor max_pool(Tensor x, const MaxPoolOptions& options) {
  const Window window{.kernel = options.kernel, .stride = options.stride.value_or(options.kernel), .padding = options.padding};
  return Tape::apply(MaxPool{window}, std::move(x));
}

}  // namespace temper
