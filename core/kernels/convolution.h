// Convolution on raw memory, NHWC, with an algorithm chosen for each shape and pass. core/ops/conv2d.h defines what is computed; the
// algorithms are in core/kernels/convolution.
#pragma once

#include "core/kernels/normalization.h"
#include "core/kernels/window.h"

namespace temper {

// The extents: x(N,H,W,C), w(K,R,S,C/groups), y(N,P,Q,K).
struct Convolution {
  Index N, H, W, C, K, R, S, P, Q;
  Window window;
  Index groups = 1;

  // requires: shapes that fit each other.
  Convolution(const Shape& x, const Shape& w, const Shape& y, const Window& sliding)
      : N(x[0]), H(x[1]), W(x[2]), C(x[3]), K(w[0]), R(w[1]), S(w[2]), P(y[1]), Q(y[2]), window(sliding), groups(w[3] ? C / w[3] : 1) {}

  Index depth() const { return R * S * (C / groups); }  // products of an output
  double flops() const { return 2.0 * static_cast<double>(N * P * Q * K) * static_cast<double>(depth()); }
};

enum class Algorithm {
  im2col,   // matrix products by OpenBLAS: every convolution
  direct,   // sums in registers, reading the windows in place: groups = 1, dilation = 1
  winograd  // minimal filtering F(4x4,3x3), F(2x2,5x5): also stride 1, kernels 3x3 or 5x5, channels that are multiples of 16. Rounds
            // differently: errors of about 1e-5 of the output's scale; a NaN of x affects the whole tile of outputs around it
};

struct Plan {
  Algorithm forward, input_gradient, kernel_gradient;
};

// Depends on the shapes of an image and of the kernels, never on the batch: an image's output does not depend on the batch that it is in.
// The forward algorithm depends on kernels and window alone, so that kernels can be packed before an image is known.
Plan plan(const Convolution& convolution);
// Returns true iff the algorithm can compute this convolution.
bool applies(Algorithm algorithm, const Convolution& convolution);

// The kernels w as the algorithm's forward reads them: packed(packed_size).
Index packed_size(Algorithm algorithm, const Convolution& convolution);
void pack_kernels(Algorithm algorithm, const Convolution& convolution, const float* w, float* packed);

// What is applied to the sums before they are written: y = x * w + bias + residual, then max(y, 0) if relu.
struct ConvolutionEpilogue {
  const float* bias = nullptr;      // (K); null: none
  const float* residual = nullptr;  // (N,P,Q,K); null: none
  bool relu = false;                // NaN stays NaN
};
// The input: x(N,H,W,C) or, with a normalisation, max(x normalised, 0), computed where it is read.
struct ConvolutionInput {
  const float* x;
  const Normalization* normalization = nullptr;
};
void convolution_forward(Algorithm algorithm, const Convolution& convolution, const ConvolutionInput& x, const float* packed,
                         const ConvolutionEpilogue& epilogue, float* y);
// The same from kernels w as they are.
void convolve(Algorithm algorithm, const Convolution& convolution, const ConvolutionInput& x, const float* w,
              const ConvolutionEpilogue& epilogue, float* y);
// dx from w and dy, dw from x and dy; added to the memory if `add` is set.
void convolution_input_gradient(Algorithm algorithm, const Convolution& convolution, const float* w, const float* dy, float* dx, bool add);
void convolution_kernel_gradient(Algorithm algorithm, const Convolution& convolution, const ConvolutionInput& x, const float* dy, float* dw,
                                 bool add);

}  // namespace temper
