// The one-dimensional transforms of Winograd's minimal filtering on the six points 0, 1, -1, 2, -2 and infinity (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", 2016). m outputs of a filter of r = 7 - m taps,
//   y_i = sum_s w_s d_{i+s}, i < m,   are   y = A^T [(G w) * (B^T d)]
// with 6 multiplications instead of m r: d is seen as 6 values, w and y as polynomials of r and m coefficients, evaluated at the points.
// B^T is the same for every m. The two-dimensional transform applies one of these to the columns and then to the rows of a tile.
#pragma once

#include "core/base/shape.h"

namespace temper {

inline constexpr Index kWinogradPoints = 6;
inline constexpr Index kWinogradPlanes = kWinogradPoints * kWinogradPoints;

struct WinogradTransform {
  enum class Kind {
    input,       // B^T: 6 values to the points
    evaluate,    // A for n = m: n coefficients to the points
    interpolate  // A^T for n = m: the points to n coefficients
  };
  Kind kind;
  Index n = kWinogradPoints;  // 2..5; coefficients
  bool scaled = false;        // G and G^T, n = r: with the scale of each point, 1/4, -1/6, -1/6, 1/24, 1/24 and 1

  Index inputs() const { return kind == Kind::evaluate ? n : kWinogradPoints; }
  Index outputs() const { return kind == Kind::interpolate ? n : kWinogradPoints; }
};

// The transform down the columns of a strip of tiles: element e of output i from the elements e of all inputs.
// requires: a size that is a multiple of 16.
struct WinogradRows {
  const float* in[kWinogradPoints] = {};
  float* out[kWinogradPoints] = {};
  Index size;
};
void transform_down(const WinogradTransform& transform, const WinogradRows& rows);

// The transform along the rows of the tiles. Channel c of input j of tile t of row i lies at in[i in_row + j in_step + t in_tile + c]; so
// do the outputs. requires: channels that are a multiple of 16.
struct WinogradTiles {
  const float* in;
  Index in_row, in_step, in_tile;
  float* out;
  Index out_row, out_step, out_tile;
  Index rows, tiles, channels;
};
void transform_along(const WinogradTransform& transform, const WinogradTiles& tiles);

// The last step of a convolution, down the columns of a strip of n rows of outputs (n = 2 or 4), from lines(pixels, channels) to rows of y
// whose pixels lie out_pixel apart: y = interpolated + bias + residual, then max(y, 0) if relu. rows.size does not count.
struct OutputStrip {
  WinogradRows rows;
  Index pixels, channels, out_pixel;
  const float* bias = nullptr;                  // (channels); null: none
  const float* residual[kWinogradPoints] = {};  // laid out as rows.out, and may be it; the first null: none
  bool relu = false;
};
void interpolate_outputs(Index n, const OutputStrip& strip);

}  // namespace temper
