// Packs images and kernels in the layout that the inner loops read.
#pragma once

#include "core/kernels/convolution.h"

namespace temper {

// A rectangle of an image's plane, which may reach into the zeros around the image.
struct ImageFrame {
  Index row, rows, col, cols;
};
// The frame of one image(H,W,C), packed into out(rows,cols,C).
void copy_frame(const float* image, Index H, Index W, Index C, const ImageFrame& frame, float* out);

// kernels(K,taps,C) with the channels outermost but one: out(taps,C,k_columns), zeros from column K on.
void pack_by_output(const float* kernels, Index K, Index taps, Index C, Index k_columns, float* out);

}  // namespace temper
