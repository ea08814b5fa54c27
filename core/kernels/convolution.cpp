#include "core/kernels/convolution.h"

#include "core/engine/parallel.h"
#include "core/kernels/block_product.h"
#include "core/kernels/convolution/direct.h"
#include "core/kernels/convolution/im2col.h"
#include "core/kernels/convolution/winograd.h"

namespace temper {
namespace {

// The input as it lies in memory, for algorithms that do not normalise where they read.
const float* normalized_input(const ConvolutionInput& x, const Convolution& g, Workspace& scratch) {
  if (!x.normalization) return x.x;
  float* values = scratch.take(g.N * g.H * g.W * g.C);
  parallel_for(g.N * g.H * g.W, row_grain(g.C), [&](Index begin, Index end) {
    normalize(*x.normalization, x.x + begin * g.C, nullptr, true, end - begin, g.C, values + begin * g.C);
  });
  return values;
}

}  // namespace

bool applies(Algorithm algorithm, const Convolution& convolution) {
  if (algorithm == Algorithm::direct) return direct::applies(convolution);
  if (algorithm == Algorithm::winograd) return winograd::applies(convolution);
  return true;
}

Plan plan(const Convolution& convolution) {
  using enum Algorithm;
  if (applies(winograd, convolution)) return {winograd, winograd, winograd};
  if (!applies(direct, convolution)) return {im2col, im2col, im2col};
  // direct computes dx where it lies, its few channels padded and its border included; im2col what lies under the windows.
  const Window& window = convolution.window;
  const Index direct_work = convolution.H * convolution.W * padded_columns(convolution.C);
  const Index im2col_work = convolution.P * convolution.Q * window.stride.h * window.stride.w * convolution.C;
  return {direct, 2 * im2col_work < direct_work && convolution.C > 1 ? im2col : direct, direct};
}

Index packed_size(Algorithm algorithm, const Convolution& convolution) {
  if (algorithm == Algorithm::direct) return direct::packed_size(convolution);
  if (algorithm == Algorithm::winograd) return winograd::packed_size(convolution);
  return im2col::packed_size(convolution);
}

void pack_kernels(Algorithm algorithm, const Convolution& convolution, const float* w, float* packed) {
  if (algorithm == Algorithm::direct) return direct::pack_kernels(convolution, w, packed);
  if (algorithm == Algorithm::winograd) return winograd::pack_kernels(convolution, w, packed);
  im2col::pack_kernels(convolution, w, packed);
}

void convolution_forward(Algorithm algorithm, const Convolution& convolution, const ConvolutionInput& x, const float* packed,
                         const ConvolutionEpilogue& epilogue, float* y) {
  if (algorithm == Algorithm::winograd) return winograd::forward(convolution, x, packed, epilogue, y);
  Workspace scratch;
  const float* values = normalized_input(x, convolution, scratch);
  if (algorithm == Algorithm::direct) return direct::forward(convolution, values, packed, epilogue, y);
  im2col::forward(convolution, values, packed, epilogue, y);
}

void convolve(Algorithm algorithm, const Convolution& convolution, const ConvolutionInput& x, const float* w,
              const ConvolutionEpilogue& epilogue, float* y) {
  Workspace scratch;
  float* packed = scratch.take(packed_size(algorithm, convolution));
  pack_kernels(algorithm, convolution, w, packed);
  convolution_forward(algorithm, convolution, x, packed, epilogue, y);
}

void convolution_input_gradient(Algorithm algorithm, const Convolution& convolution, const float* w, const float* dy, float* dx, bool add) {
  if (algorithm == Algorithm::direct) return direct::input_gradient(convolution, w, dy, dx, add);
  if (algorithm == Algorithm::winograd) return winograd::input_gradient(convolution, w, dy, dx, add);
  im2col::input_gradient(convolution, w, dy, dx, add);
}

void convolution_kernel_gradient(Algorithm algorithm, const Convolution& convolution, const ConvolutionInput& x, const float* dy, float* dw,
                                 bool add) {
  if (algorithm == Algorithm::winograd) return winograd::kernel_gradient(convolution, x, dy, dw, add);
  Workspace scratch;
  const float* values = normalized_input(x, convolution, scratch);
  if (algorithm == Algorithm::direct) return direct::kernel_gradient(convolution, values, dy, dw, add);
  im2col::kernel_gradient(convolution, values, dy, dw, add);
}

}  // namespace temper
