#include "core/ops/conv2d.h"

#include "core/engine/denormals.h"
#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/convolution.h"

namespace temper {
namespace {

// db, the sum of dy over the pixels.
void bias_gradient(const Convolution& g, const float* dy, const GradientView& db) {
  constexpr Index kMostParts = 16;
  const Index rows = g.N * g.P * g.Q;
  const Chunks chunks(rows, std::max(row_grain(g.K), (rows + kMostParts - 1) / kMostParts));
  const Index parts = chunks.number();
  Workspace scratch;
  double* sums = scratch.take<double>(parts * g.K);
  std::fill_n(sums, parts * g.K, 0.0);
  parallel_for(chunks, [&](Index begin, Index end) {
    double* sum = sums + chunks.index_of(begin) * g.K;
    for (Index row = begin; row < end; ++row) {
      for (Index k = 0; k < g.K; ++k) sum[k] += static_cast<double>(dy[row * g.K + k]);
    }
  });
  for (Index k = 0; k < g.K; ++k) {
    double total = 0;
    for (Index part = 0; part < parts; ++part) total += sums[part * g.K + k];
    db.store(k, static_cast<float>(total));
  }
}

struct Conv2d {
  static constexpr auto name = "conv2d";
  Conv2dOptions options;
  bool has_bias;

  Shape shape(const Shape& x, const Shape& w, const Shape& b) const {
    TEMPER_CHECK(!has_bias || b == Shape{w[0]}, name, ": a bias ", b, " does not fit kernels ", w, "; it must be (", w[0], ")");
    return convolved_shape(name, x, w, options);
  }

  void forward(In<0> x, In<1> w, OptionalIn<2> b, Out y) const {
    const Convolution convolution(x.shape, w.shape, y.shape, options.window(w.shape));
    convolve(plan(convolution).forward, convolution, {x.data}, w.data, {.bias = b.data}, y.data);
  }

  void backward(In<0> x, In<1> w, Grad dy, Into<0> dx, Into<1> dw, Into<2> db) const {
    const Convolution convolution(x.shape, w.shape, dy.shape, options.window(w.shape));
    const Plan algorithms = plan(convolution);
    if (dx) convolution_input_gradient(algorithms.input_gradient, convolution, w.data, dy.data, dx.data, dx.add);
    if (dw) convolution_kernel_gradient(algorithms.kernel_gradient, convolution, {x.data}, dy.data, dw.data, dw.add);
    if (db) bias_gradient(convolution, dy.data, db);
  }
};

}  // namespace

Tensor conv2d(Tensor x, Tensor w, Tensor b, const Conv2dOptions& options) {
  const bool has_bias = static_cast<bool>(b);
  return Tape::apply(Conv2d{options, has_bias}, std::move(x), std::move(w), std::move(b));
}

PackedConv2d pack_conv2d(const Tensor& w, const Tensor& b, const Conv2dOptions& options, const ChannelMap& then) {
  const Index K = w.shape()[0], depth = w.size() / std::max<Index>(1, K);
  const auto scale = [&](Index k) { return then.scale.empty() ? 1.0 : then.scale[static_cast<std::size_t>(k)]; };
  const auto shift = [&](Index k) { return then.shift.empty() ? 0.0 : then.shift[static_cast<std::size_t>(k)]; };
  PackedConv2d packed{.w = w.shape(), .options = options, .kernels = {}, .bias = Tensor(Shape{K})};
  Workspace scratch;
  float* scaled = scratch.take(w.size());
  for (Index k = 0; k < K; ++k) {
    for (Index i = k * depth; i < (k + 1) * depth; ++i) scaled[i] = static_cast<float>(scale(k) * static_cast<double>(w.data()[i]));
    packed.bias.data()[k] = static_cast<float>(scale(k) * (b ? static_cast<double>(b.data()[k]) : 0) + shift(k));
  }
  // The algorithm and the layout do not depend on the image: any that has an output will do.
  const Convolution convolution({1, w.shape()[1], w.shape()[2], w.shape()[3] * options.groups}, w.shape(), {1, 1, 1, K},
                                options.window(w.shape()));
  const Algorithm algorithm = plan(convolution).forward;
  packed.kernels = Tensor(Shape{packed_size(algorithm, convolution)});
  pack_kernels(algorithm, convolution, scaled, packed.kernels.data());
  return packed;
}

Tensor conv2d(const Tensor& x, const PackedConv2d& packed, bool relu, const Tensor& residual) {
  TEMPER_CHECK(!Tape::recording(), "conv2d: packed kernels are for evaluation; a tape cannot record them");
  Tensor y(Conv2d{packed.options, true}.shape(x.shape(), packed.w, packed.bias.shape()));
  TEMPER_CHECK(!residual || residual.shape() == y.shape(), "conv2d: a residual ", residual.shape(), " does not fit an output ", y.shape(),
               "; give both the same shape");
  const Convolution convolution(x.shape(), packed.w, y.shape(), packed.options.window(packed.w));
  const FlushDenormals flush;
  convolution_forward(plan(convolution).forward, convolution, {x.data()}, packed.kernels.data(),
                      {.bias = packed.bias.data(), .residual = residual.data(), .relu = relu}, y.data());
  return y;
}

}  // namespace temper
