// Convolution without a matrix of columns: the windows are multiplied in place, in an image padded with zeros. A row of outputs is a
// product of core/kernels/block_product.h: its row q is a window, R runs of S C adjacent values, q stride C apart.
//   y(q, K)       = sum over the runs of window q     times w(R S C, K)
//   dw(R S C, K)  = sum over all pixels of window^T   times dy(K)
//   dx: pixels with the same offset in the grid of strides see the same taps; each of these classes is a convolution of dy with stride 1.
// For groups = 1 and dilation = 1.
#pragma once

#include "core/kernels/convolution.h"

namespace temper::direct {

bool applies(const Convolution& convolution);

Index packed_size(const Convolution& convolution);
void pack_kernels(const Convolution& convolution, const float* w, float* packed);
void forward(const Convolution& convolution, const float* x, const float* packed, const ConvolutionEpilogue& epilogue, float* y);
void input_gradient(const Convolution& convolution, const float* w, const float* dy, float* dx, bool add);
void kernel_gradient(const Convolution& convolution, const float* x, const float* dy, float* dw, bool add);

}  // namespace temper::direct
