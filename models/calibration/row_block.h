// A few rows at a time through a square matrix in double, and back: the two products that the fit of matrix and Dirichlet scaling repeats.
// core/gemm.h is float only, and a fit to 1e-9 is not.
#pragma once

#include <span>

#include "core/shape.h"

namespace temper::calibration {

// Rows a block; x, z and dz are (kBlockRows,K), unused rows zero.
inline constexpr std::size_t kBlockRows = 16;

// z = x W' + bias, the weights stored column by column: columns (K,K), columns[j][k] = W_kj.
void rows_forward(std::span<const double> columns, std::span<const double> bias, std::span<const double> x, std::span<double> z);

// d_columns[j][k] += sum over rows of dz_k x_j.
void rows_backward(std::span<const double> x, std::span<const double> dz, std::span<double> d_columns);

}  // namespace temper::calibration
