// Eigenvalues and eigenvectors of small symmetric matrices, in double.
#pragma once

#include <span>
#include <vector>

#include "core/base/shape.h"

namespace temper::layers {

struct EigenDecomposition {
  std::vector<double> values;   // (n), the largest first
  std::vector<double> vectors;  // (n,n): row i belongs to value i; of length 1, its entry of largest magnitude positive
};

// matrix(n,n), of which only the upper triangle is read. By Jacobi's cyclic rotations (Golub and Van Loan, Matrix Computations, section
// 8.5): O(n^3) a sweep and some ten sweeps, to the precision of double, the same bits everywhere. Throws Error for a size that is not n^2
// and for a NaN or infinity.
EigenDecomposition symmetric_eigen(std::span<const double> matrix, Index n);

}  // namespace temper::layers
