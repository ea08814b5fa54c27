// Matrix products by OpenBLAS. OpenBLAS runs each call on one thread, inside our own loops: how a product is cut into calls depends on its
// shape alone. The host program's own OpenBLAS setting is restored when no product of ours is running.
#pragma once

#include <string>

#include "core/base/shape.h"
#include "core/engine/parallel.h"

namespace temper {

// A row-major matrix in memory; `stride` elements lie between the starts of two rows (0: rows are packed).
struct Matrix {
  const float* data;
  Index rows, cols;
  Index stride = 0;
  bool transposed = false;  // rows and cols are those of the product's operand; the memory holds (cols,rows)

  Index row_stride() const { return stride ? stride : transposed ? rows : cols; }
};
inline Matrix transposed(const Matrix& m) { return {m.data, m.cols, m.rows, m.row_stride(), !m.transposed}; }

struct MutableMatrix {
  float* data;
  Index rows, cols;
  Index stride = 0;

  Index row_stride() const { return stride ? stride : cols; }
};

struct Epilogue {
  bool accumulate = false;      // c += a b instead of c = a b, which never reads c
  const float* bias = nullptr;  // (c.cols), added to every row
};

// c(M,N) = a(M,K) b(K,N), then the epilogue. In the calling thread. K = 0 gives zeros. NaN and infinity in a or b reach c.
// The first call tests the BLAS kernel on products of several shapes; throws Error with OpenBLAS's version, the kernel's name and what to
// set when one is wrong.
void gemm(const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& epilogue = {});

// The same on all threads; cut along M or N.
void parallel_gemm(const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& epilogue = {});

// "OpenBLAS 0.3.21 ..., kernel SkylakeX".
std::string blas_description();

// Compares `product`, a function like gemm, with plain loops in double; throws as gemm's first call does. For `temper doctor` and for
// tests.
using GemmFunction = FunctionRef<void(const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& epilogue)>;
void test_product(GemmFunction product);

}  // namespace temper
