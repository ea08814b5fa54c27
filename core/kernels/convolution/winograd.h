// Winograd's minimal filtering for stride 1: F(4x4,3x3), with 36 multiplications for what takes 144, and F(2x2,5x5), with 36 for 100.
// Input tiles of 6x6 pixels, 7 - r apart, are transformed into 36 planes; in each, a matrix product over the channels multiplies all tiles
// with the transformed kernels; its planes are transformed back into tiles of outputs. The gradients use the same transforms:
//   dx is the convolution of dy with the kernels turned by 180 degrees,   dw = G^T [sum over tiles (B^T x B) * (A dy A^T)] G.
#pragma once

#include "core/kernels/convolution.h"

namespace temper::winograd {

// Returns true iff the convolution has one of these shapes.
bool applies(const Convolution& convolution);

Index packed_size(const Convolution& convolution);
void pack_kernels(const Convolution& convolution, const float* w, float* packed);
void forward(const Convolution& convolution, const ConvolutionInput& x, const float* packed, const ConvolutionEpilogue& epilogue, float* y);
void input_gradient(const Convolution& convolution, const float* w, const float* dy, float* dx, bool add);
void kernel_gradient(const Convolution& convolution, const ConvolutionInput& x, const float* dy, float* dw, bool add);

}  // namespace temper::winograd
