#include "core/ops/downsample_pad_channels.h"

#include "core/engine/parallel.h"
#include "core/engine/tape.h"

namespace temper {
namespace {

struct DownsamplePadChannels {
  static constexpr auto name = "downsample_pad_channels";
  Index stride, channels;

  Shape shape(const Shape& x) const {
    TEMPER_CHECK(x.rank() == 4, "subsample: an input ", x, " is no image; give (N,H,W,C)");
    TEMPER_CHECK(stride >= 1 && channels >= x[3] && (channels - x[3]) % 2 == 0, "subsample: stride ", stride, " and ", channels,
                 " channels for an input ", x, "; use stride >= 1 and C plus an even number of channels");
    return {x[0], (x[1] + stride - 1) / stride, (x[2] + stride - 1) / stride, channels};
  }

  void forward(In<0> x, Out y) const {
    const Index W = x.shape[2], C = x.shape[3], P = y.shape[1], Q = y.shape[2], K = channels, before = (K - C) / 2;
    parallel_for(y.shape[0] * P, row_grain(Q * K), [&](Index begin, Index end) {
      for (Index row = begin; row < end; ++row) {
        const float* in = x.data + (row / P * x.shape[1] + row % P * stride) * W * C;
        float* out = y.data + row * Q * K;
        for (Index q = 0; q < Q; ++q, in += stride * C, out += K) {
          std::fill_n(out, before, 0.0f);
          std::copy_n(in, C, out + before);
          std::fill_n(out + before + C, before, 0.0f);
        }
      }
    });
  }

  void backward(Grad dy, Into<0> dx) const {
    const Index H = dx.shape[1], W = dx.shape[2], C = dx.shape[3], P = dy.shape[1], Q = dy.shape[2], K = channels, before = (K - C) / 2;
    parallel_for(dx.shape[0] * H, row_grain(W * C), [&](Index begin, Index end) {
      for (Index row = begin; row < end; ++row) {
        const Index h = row % H;
        if (!dx.add) std::fill_n(dx.data + row * W * C, W * C, 0.0f);
        if (h % stride != 0) continue;
        const float* out = dy.data + (row / H * P + h / stride) * Q * K + before;
        float* in = dx.data + row * W * C;
        for (Index q = 0; q < Q; ++q, in += stride * C, out += K) {
          for (Index c = 0; c < C; ++c) in[c] += out[c];
        }
      }
    });
  }
};

}  // namespace

Tensor downsample_pad_channels(Tensor x, Index stride, Index channels) {
  return Tape::apply(DownsamplePadChannels{stride, channels}, std::move(x));
}

}  // namespace temper
