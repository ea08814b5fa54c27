#include "core/ops/avg_pool.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

struct AvgPool {
  static constexpr auto name = "avg_pool";
  Window window;
  bool count_padding;

  Shape shape(const Shape& x) const { return pooled_shape(name, window, x); }

  void forward(In<0> x, Out y) const {
    const Index image_size = x.shape[1] * x.shape[2] * x.shape[3], C = x.shape[3], P = y.shape[1], Q = y.shape[2];
    parallel_for(x.shape[0] * P, row_grain(Q * C), [&](Index begin, Index end) {
      Workspace scratch;
      double* sum = scratch.take<double>(C);  // a window may be a whole image
      for (Index i = begin * Q; i < end * Q; ++i) {
        const float* image = x.data + i / (P * Q) * image_size;
        const Index p = i / Q % P, q = i % Q;
        std::fill_n(sum, C, 0.0);
        for_each_tap(window, x.shape, p, q, [&](Index, Index pixel) {
          for (Index c = 0; c < C; ++c) sum[c] += static_cast<double>(image[pixel * C + c]);
        });
        const double factor = 1 / divisor(x.shape, p, q);
        for (Index c = 0; c < C; ++c) y[i * C + c] = static_cast<float>(sum[c] * factor);
      }
    });
  }

  void backward(Grad dy, Into<0> dx) const {
    const Index image_size = dx.shape[1] * dx.shape[2] * dx.shape[3], C = dx.shape[3], P = dy.shape[1], Q = dy.shape[2];
    // One image a thread: windows overlap within an image only.
    parallel_for(dx.shape[0], row_grain(image_size), [&](Index begin, Index end) {
      if (!dx.add) std::fill(dx.data + begin * image_size, dx.data + end * image_size, 0.0f);
      for (Index i = begin * P * Q; i < end * P * Q; ++i) {
        float* image = dx.data + i / (P * Q) * image_size;
        const Index p = i / Q % P, q = i % Q;
        const auto factor = static_cast<float>(1 / divisor(dx.shape, p, q));
        for_each_tap(window, dx.shape, p, q, [&](Index, Index pixel) {
          for (Index c = 0; c < C; ++c) image[pixel * C + c] += dy[i * C + c] * factor;
        });
      }
    });
  }

 private:
  double divisor(const Shape& x, Index p, Index q) const {
    if (count_padding) return static_cast<double>(window.kernel.h * window.kernel.w);
    const Size2 corner = window.corner(p, q);
    const TapRange rows = taps_inside(corner.h, window.kernel.h, x[1]), cols = taps_inside(corner.w, window.kernel.w, x[2]);
    return static_cast<double>((rows.end - rows.begin) * (cols.end - cols.begin));
  }
};

struct GlobalAvgPool {
  static constexpr auto name = "global_avg_pool";

  Shape shape(const Shape& x) const {
    TEMPER_CHECK(x.rank() == 4 && x[1] > 0 && x[2] > 0, name, ": an input ", x, " is no batch of images; give (N,H,W,C)");
    return {x[0], x[3]};
  }

  void forward(In<0> x, Out y) const {
    const Index pixels = x.shape[1] * x.shape[2], C = x.shape[3];
    parallel_for(x.shape[0], row_grain(pixels * C), [&](Index begin, Index end) {
      Workspace scratch;
      double* sum = scratch.take<double>(C);
      for (Index n = begin; n < end; ++n) {
        std::fill_n(sum, C, 0.0);
        for (Index pixel = n * pixels; pixel < (n + 1) * pixels; ++pixel) {
          for (Index c = 0; c < C; ++c) sum[c] += static_cast<double>(x[pixel * C + c]);
        }
        for (Index c = 0; c < C; ++c) y[n * C + c] = static_cast<float>(sum[c] / static_cast<double>(pixels));
      }
    });
  }

  void backward(Grad dy, Into<0> dx) const {
    const Index pixels = dx.shape[1] * dx.shape[2], C = dx.shape[3];
    const float factor = 1 / static_cast<float>(pixels);
    parallel_for(dx.shape[0] * pixels, row_grain(C), [&](Index begin, Index end) {
      for (Index pixel = begin; pixel < end; ++pixel) {
        const float* gradient = dy.data + pixel / pixels * C;
        for (Index c = 0; c < C; ++c) dx.store(pixel * C + c, gradient[c] * factor);
      }
    });
  }
};

}  // namespace

Tensor avg_pool(Tensor x, const AvgPoolOptions& options) {
  const Window window{.kernel = options.kernel, .stride = options.stride.value_or(options.kernel), .padding = options.padding};
  return Tape::apply(AvgPool{window, options.count_padding}, std::move(x));
}
Tensor global_avg_pool(Tensor x) { return Tape::apply(GlobalAvgPool{}, std::move(x)); }

}  // namespace temper
