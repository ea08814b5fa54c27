#include "core/kernels/convolution.h"

#include "core/kernels/convolution/direct.h"
#include "core/kernels/convolution/im2col.h"
#include "core/kernels/convolution/winograd.h"

namespace temper {

bool applies(Algorithm algorithm, const Convolution& convolution) {
  if (algorithm == Algorithm::direct) return direct::applies(convolution);
  if (algorithm == Algorithm::winograd) return winograd::applies(convolution);
  return true;
}

Plan plan(const Convolution& convolution) {
  if (applies(Algorithm::winograd, convolution)) return {Algorithm::winograd, Algorithm::winograd, Algorithm::winograd};
  if (applies(Algorithm::direct, convolution)) return {Algorithm::direct, Algorithm::direct, Algorithm::direct};
  return {Algorithm::im2col, Algorithm::im2col, Algorithm::im2col};
}

void convolution_forward(Algorithm algorithm, const Convolution& convolution, const float* x, const float* w, const float* b, float* y) {
  if (algorithm == Algorithm::direct) return direct::forward(convolution, x, w, b, y);
  if (algorithm == Algorithm::winograd) return winograd::forward(convolution, x, w, b, y);
  im2col::forward(convolution, x, w, b, y);
}

void convolution_input_gradient(Algorithm algorithm, const Convolution& convolution, const float* w, const float* dy, float* dx, bool add) {
  if (algorithm == Algorithm::direct) return direct::input_gradient(convolution, w, dy, dx, add);
  if (algorithm == Algorithm::winograd) return winograd::input_gradient(convolution, w, dy, dx, add);
  im2col::input_gradient(convolution, w, dy, dx, add);
}

void convolution_kernel_gradient(Algorithm algorithm, const Convolution& convolution, const float* x, const float* dy, float* dw,
                                 bool add) {
  if (algorithm == Algorithm::direct) return direct::kernel_gradient(convolution, x, dy, dw, add);
  if (algorithm == Algorithm::winograd) return winograd::kernel_gradient(convolution, x, dy, dw, add);
  im2col::kernel_gradient(convolution, x, dy, dw, add);
}

}  // namespace temper
