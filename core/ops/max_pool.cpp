#include "core/ops/max_pool.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/max_pool.h"

namespace temper {
namespace {

// Taps are saved as floats, which count exactly up to here.
constexpr Index kMostTaps = 1 << 24;
// From here on a vector over the channels of one tap pays.
constexpr Index kManyChannels = 16;

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

  void forward(In<0> x, Out y, SavedOnTape<0> winner) const {
    const Index C = x.shape[3], P = y.shape[1], Q = y.shape[2];
    const MaxPoolLanes lanes = max_pool_lanes(C, window.stride.w * C);
    parallel_for(x.shape[0] * P, row_grain(Q * C), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        const Index image = i / P * x.shape[1] * x.shape[2] * C;
        for (Index q = 0; q < Q;) {
          const Index count = alike(x.shape[2], q, Q);
          max_pool_run(lanes, run(x, image, i % P, q, count, y.data + (i * Q + q) * C, winner ? winner.data + (i * Q + q) * C : nullptr,
                                  y.data + end * Q * C));
          q += count;
        }
      }
    });
  }

  void backward(Saved<0> winner, Grad dy, Into<0> dx) const {
    const Index image_size = dx.shape[1] * dx.shape[2] * dx.shape[3], C = dx.shape[3], P = dy.shape[1], Q = dy.shape[2];
    Workspace scratch;
    Index* offsets = scratch.take<Index>(window.kernel.h * window.kernel.w);
    offsets_of_taps(dx.shape, offsets);
    // One image a thread: windows overlap within an image only.
    parallel_for(dx.shape[0], row_grain(image_size), [&](Index begin, Index end) {
      if (!dx.add) std::fill(dx.data + begin * image_size, dx.data + end * image_size, 0.0f);
      for (Index n = begin; n < end; ++n) {
        float* image = dx.data + n * image_size;
        for (Index p = 0; p < P; ++p) {
          for (Index q = 0; q < Q; ++q) {
            const Index i = ((n * P + p) * Q + q) * C;
            if (C >= kManyChannels) {
              give_by_tap(dx.shape, p, q, winner.data + i, dy.data + i, image);
            } else {
              give_by_channel(dx.shape, p, q, winner.data + i, dy.data + i, offsets, image);
            }
          }
        }
      }
    });
  }

 private:
  TapRange columns(Index q, Index W) const { return taps_inside(window.corner(0, q).w, window.kernel.w, W); }

  // How many windows from q on have the same columns: all that lie on the image, else one.
  Index alike(Index W, Index q, Index Q) const {
    const Index stride = window.stride.w, padding = window.padding.w, spare = W + padding - window.kernel.w;
    const Index begin = (padding + stride - 1) / stride, end = spare < 0 ? 0 : std::min(Q, spare / stride + 1);
    return q >= begin && q < end ? end - q : 1;
  }

  MaxPoolRun run(const ConstView& x, Index image, Index p, Index q, Index count, float* y, float* winner, const float* y_end) const {
    const Index H = x.shape[1], W = x.shape[2], C = x.shape[3], S = window.kernel.w;
    const Size2 corner = window.corner(p, q);
    const TapRange rows = taps_inside(corner.h, window.kernel.h, H), cols = columns(q, W);
    return {.x = x.data + image + ((corner.h + rows.begin) * W + corner.w + cols.begin) * C,
            .C = C,
            .count = count,
            .step = window.stride.w * C,
            .rows = rows.end - rows.begin,
            .cols = cols.end - cols.begin,
            .row_size = W * C,
            .first_tap = rows.begin * S + cols.begin,
            .tap_row = S,
            .y = y,
            .winner = winner,
            .readable = x.data + x.size(),
            .y_end = y_end};
  }

  // The gradients of output (p,q) go to the pixels of its window: for each tap a loop over the channels, which is vectorised.
  void give_by_tap(const Shape& x, Index p, Index q, const float* winner, const float* gradient, float* image) const {
    for_each_tap(window, x, p, q, [&](Index tap, Index pixel) {
      const Index C = x[3];
      float* into = image + pixel * C;
      const auto this_tap = static_cast<float>(tap);
      for (Index c = 0; c < C; ++c) {
        const float share = gradient[c];  // read in any case, or the loop is not vectorised
        into[c] += winner[c] == this_tap ? share : 0;
      }
    });
  }

  // The same for few channels: each gradient straight to its place, offsets[tap] from the window's corner.
  void give_by_channel(const Shape& x, Index p, Index q, const float* winner, const float* gradient, const Index* offsets,
                       float* image) const {
    const Size2 corner = window.corner(p, q);
    const Index C = x[3], origin = (corner.h * x[2] + corner.w) * C;
    for (Index c = 0; c < C; ++c) image[origin + offsets[static_cast<Index>(winner[c])] + c] += gradient[c];
  }

  void offsets_of_taps(const Shape& x, Index* offsets) const {
    for (Index tap = 0; tap < window.kernel.h * window.kernel.w; ++tap)
      offsets[tap] = (tap / window.kernel.w * x[2] + tap % window.kernel.w) * x[3];
  }
};

}  // namespace

Tensor max_pool(Tensor x, const MaxPoolOptions& options) {
  const Window window{.kernel = options.kernel, .stride = options.stride.value_or(options.kernel), .padding = options.padding};
  return Tape::apply(MaxPool{window}, std::move(x));
}

}  // namespace temper
