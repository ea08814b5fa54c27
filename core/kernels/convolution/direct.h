// Convolution without a matrix of columns: the windows are multiplied where they lie in the image, a frame of zeros around it. A row of
// outputs is a product of core/kernels/product.h: its row q is a window, R runs of S C neighbours in memory, q stride C apart.
//   y(q, K)       = sum over the runs of window q     times w(R S C, K)
//   dw(R S C, K)  = sum over all pixels of window^T   times dy(K)
//   dx: the pixels whose place in the grid of strides is the same see the same taps; each such class is a convolution of stride 1 of dy.
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
