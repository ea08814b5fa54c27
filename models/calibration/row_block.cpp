#include "models/calibration/row_block.h"

#include <algorithm>
#include <array>

namespace temper::calibration {
namespace {

constexpr std::size_t kTile = 8;  // classes whose sums stay in registers

// The classes [first, first + kTile) of every row. The strip of the matrix that it reads stays in the first-level cache.
void forward_tile(const double* strip, std::size_t n, std::span<const double> x, double* z) {
  for (std::size_t row = 0; row < kBlockRows; ++row) {
    std::array<double, kTile> sums;
    std::copy_n(z + row * n, kTile, sums.begin());
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = 0; k < kTile; ++k) sums[k] += strip[j * n + k] * x[row * n + j];
    std::copy(sums.begin(), sums.end(), z + row * n);
  }
}

}  // namespace

void rows_forward(std::span<const double> columns, std::span<const double> bias, std::span<const double> x, std::span<double> z) {
  const std::size_t n = bias.size();
  for (std::size_t row = 0; row < kBlockRows; ++row) std::copy(bias.begin(), bias.end(), z.begin() + static_cast<std::ptrdiff_t>(row * n));
  const std::size_t tiled = n / kTile * kTile;
  for (std::size_t k = 0; k < tiled; k += kTile) forward_tile(columns.data() + k, n, x, z.data() + k);
  for (std::size_t row = 0; row < kBlockRows; ++row)
    for (std::size_t j = 0; j < n; ++j)
      for (std::size_t k = tiled; k < n; ++k) z[row * n + k] += columns[j * n + k] * x[row * n + j];
}

void rows_backward(std::span<const double> x, std::span<const double> dz, std::span<double> d_columns) {
  static_assert(kBlockRows % 4 == 0);
  const std::size_t n = x.size() / kBlockRows;
  for (std::size_t j = 0; j < n; ++j) {
    double* out = d_columns.data() + j * n;
    for (std::size_t row = 0; row < kBlockRows; row += 4) {  // four at a time: one load and store of the sum instead of four
      const double *x0 = x.data() + row * n + j, *d0 = dz.data() + row * n;
      const double *d1 = d0 + n, *d2 = d1 + n, *d3 = d2 + n;
      const double a = x0[0], b = x0[n], c = x0[2 * n], d = x0[3 * n];
      for (std::size_t k = 0; k < n; ++k) out[k] += (a * d0[k] + b * d1[k]) + (c * d2[k] + d * d3[k]);
    }
  }
}

}  // namespace temper::calibration
