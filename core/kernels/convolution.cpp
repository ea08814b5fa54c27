#include "core/kernels/convolution.h"

#include "core/kernels/convolution/im2col.h"
#include "core/kernels/convolution/winograd.h"

namespace temper {

bool applies(Algorithm algorithm, const Convolution& convolution) {
  switch (algorithm) {
    case Algorithm::im2col:
      return true;
    case Algorithm::direct:
      return false;
    case Algorithm::winograd:
      return winograd::applies(convolution);
  }
  return false;
}

Plan plan(const Convolution& convolution) {
  const Algorithm best = applies(Algorithm::winograd, convolution) ? Algorithm::winograd : Algorithm::im2col;
  return {best, best, best};
}

void convolution_forward(Algorithm algorithm, const Convolution& convolution, const float* x, const float* w, const float* b, float* y) {
  switch (algorithm) {
    case Algorithm::direct:
    case Algorithm::im2col:
      return im2col::forward(convolution, x, w, b, y);
    case Algorithm::winograd:
      return winograd::forward(convolution, x, w, b, y);
  }
}

void convolution_input_gradient(Algorithm algorithm, const Convolution& convolution, const float* w, const float* dy, float* dx, bool add) {
  switch (algorithm) {
    case Algorithm::direct:
    case Algorithm::im2col:
      return im2col::input_gradient(convolution, w, dy, dx, add);
    case Algorithm::winograd:
      return winograd::input_gradient(convolution, w, dy, dx, add);
  }
}

void convolution_kernel_gradient(Algorithm algorithm, const Convolution& convolution, const float* x, const float* dy, float* dw,
                                 bool add) {
  switch (algorithm) {
    case Algorithm::direct:
    case Algorithm::im2col:
      return im2col::kernel_gradient(convolution, x, dy, dw, add);
    case Algorithm::winograd:
      return winograd::kernel_gradient(convolution, x, dy, dw, add);
  }
}

}  // namespace temper
