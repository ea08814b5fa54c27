#include "core/kernels/convolution/packing.h"

namespace temper {

void copy_frame(const float* image, Index H, Index W, Index C, const ImageFrame& frame, float* out) {
  const TapRange inside = taps_inside(frame.col, frame.cols, W);
  for (Index row = frame.row; row < frame.row + frame.rows; ++row, out += frame.cols * C) {
    if (row < 0 || row >= H) {
      std::fill_n(out, frame.cols * C, 0.0f);
      continue;
    }
    std::fill_n(out, inside.begin * C, 0.0f);
    if (inside.begin < inside.end)
      std::copy_n(image + (row * W + frame.col + inside.begin) * C, (inside.end - inside.begin) * C, out + inside.begin * C);
    std::fill_n(out + inside.end * C, (frame.cols - inside.end) * C, 0.0f);
  }
}

void pack_by_output(const float* kernels, Index K, Index taps, Index C, Index k_columns, float* out) {
  // In squares, so that neither side's lines leave the first-level cache half used.
  constexpr Index kSquare = 16;
  const Index depth = taps * C;
  for (Index first_row = 0; first_row < depth; first_row += kSquare) {
    const Index end_row = std::min(depth, first_row + kSquare);
    for (Index first_k = 0; first_k < K; first_k += kSquare) {
      const Index end_k = std::min(K, first_k + kSquare);
      for (Index row = first_row; row < end_row; ++row) {
        for (Index k = first_k; k < end_k; ++k) out[row * k_columns + k] = kernels[k * depth + row];
      }
    }
    for (Index row = first_row; row < end_row; ++row) std::fill(out + row * k_columns + K, out + (row + 1) * k_columns, 0.0f);
  }
}

}  // namespace temper
