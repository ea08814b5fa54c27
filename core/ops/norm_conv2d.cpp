#include "core/ops/norm_conv2d.h"

#include "core/engine/tape.h"
#include "core/kernels/convolution.h"

namespace temper {
namespace {

struct NormConv2d {
  static constexpr auto name = "norm_conv2d";
  RunningStatistics running;
  BatchNormOptions norm_options;
  Conv2dOptions conv_options;
  bool over_batch;  // with the batch's statistics, else with the running ones

  Shape shape(const Shape& x, const Shape& gamma, const Shape& beta, const Shape& w) const {
    check_batch_norm(name, x, gamma, beta, running, over_batch);
    return convolved_shape(name, x, w, conv_options);
  }
  std::array<Shape, 1> saved(const Shape& x, const Shape&, const Shape&, const Shape&) const { return {BatchStatistics::shape(x)}; }

  void forward(In<0> x, In<1> gamma, In<2> beta, In<3> w, Out y, Saved<0> saved) const {
    const BatchStatistics statistics(saved);
    over_batch ? statistics.learn(x, running, norm_options.momentum, norm_options.epsilon)
               : statistics.recall(running, norm_options.epsilon);
    const Normalization normalization = statistics.with(gamma.data, beta.data);
    const Convolution convolution(x.shape, w.shape, y.shape, conv_options.window(w.shape));
    convolve(plan(convolution).forward, convolution, {x.data, &normalization}, w.data, {}, y.data);
  }

  void backward(In<0> x, In<1> gamma, In<2> beta, In<3> w, Grad dy, Saved<0> saved, Into<0> dx, Into<1> dgamma, Into<2> dbeta,
                Into<3> dw) const {
    const BatchStatistics statistics(saved);
    const Normalization normalization = statistics.with(gamma.data, beta.data);
    const Convolution convolution(x.shape, w.shape, dy.shape, conv_options.window(w.shape));
    const Plan algorithms = plan(convolution);
    if (dw) convolution_kernel_gradient(algorithms.kernel_gradient, convolution, {x.data, &normalization}, dy.data, dw.data, dw.add);
    if (!dx && !dgamma && !dbeta) return;
    // The gradient between the two lies where dx will, unless something is there.
    Workspace scratch;
    float* between = dx && !dx.add ? dx.data : scratch.take(x.size());
    convolution_input_gradient(algorithms.input_gradient, convolution, w.data, dy.data, between, false);
    batch_norm_gradients(statistics, normalization, over_batch, x, nullptr, between, {dx, dgamma, dbeta, {}});
  }
};

}  // namespace

Tensor norm_conv2d(Tensor x, Tensor gamma, Tensor beta, const RunningStatistics& running, const BatchNormOptions& norm_options, Tensor w,
                   const Conv2dOptions& conv_options) {
  check_options("norm_conv2d", norm_options);
  TEMPER_CHECK(norm_options.relu, "norm_conv2d: norm_options.relu is not set; use batch_norm and conv2d");
  return Tape::apply(NormConv2d{running, norm_options, conv_options, Tape::recording() && !norm_options.frozen}, std::move(x),
                     std::move(gamma), std::move(beta), std::move(w));
}

}  // namespace temper
