// Convolution as matrix products. im2col copies the inputs of each output pixel into a row of a matrix, the columns; then
//   y(pixels, K) = columns(pixels, R S C) w(K, R S C)^T,   dw = dy^T columns,   dx = col2im(dy w),
// group by group. Computes every convolution; a plain product where the kernel is one pixel.
#pragma once

#include "core/kernels/convolution.h"

namespace temper::im2col {

Index packed_size(const Convolution& convolution);
void pack_kernels(const Convolution& convolution, const float* w, float* packed);
void forward(const Convolution& convolution, const float* x, const float* packed, const ConvolutionEpilogue& epilogue, float* y);
void input_gradient(const Convolution& convolution, const float* w, const float* dy, float* dx, bool add);
void kernel_gradient(const Convolution& convolution, const float* x, const float* dy, float* dw, bool add);

}  // namespace temper::im2col
