#include "core/engine/gemm.h"

#include <cblas.h>

#include <cmath>
#include <limits>
#include <mutex>
#include <vector>

#include "core/base/random.h"

namespace temper {
namespace {

// While one lives, OpenBLAS uses one thread a call. Its setting is process-wide, so the first one in stores the host's and the last one out
// restores it.
class OneBlasThread {
 public:
  OneBlasThread() {
    const std::lock_guard lock(mutex());
    if (alive()++ == 0) {
      host_setting() = openblas_get_num_threads();
      if (host_setting() != 1) openblas_set_num_threads(1);
    }
  }
  ~OneBlasThread() {
    const std::lock_guard lock(mutex());
    if (--alive() == 0 && host_setting() != 1) openblas_set_num_threads(host_setting());
  }
  OneBlasThread(const OneBlasThread&) = delete;
  OneBlasThread& operator=(const OneBlasThread&) = delete;

 private:
  static std::mutex& mutex() {
    static std::mutex instance;
    return instance;
  }
  static int& alive() {
    static int count = 0;
    return count;
  }
  static int& host_setting() {
    static int count = 1;
    return count;
  }
};

void add_bias(const float* bias, const MutableMatrix& c) {
  for (Index row = 0; row < c.rows; ++row) {
    float* values = c.data + row * c.row_stride();
    for (Index col = 0; col < c.cols; ++col) values[col] += bias[col];
  }
}

void untested_gemm(const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& epilogue) {
  TEMPER_CHECK(a.cols == b.rows && a.rows == c.rows && b.cols == c.cols, "gemm: (", a.rows, ",", a.cols, ") times (", b.rows, ",", b.cols,
               ") into (", c.rows, ",", c.cols, ") does not fit; check the shapes");
  TEMPER_CHECK(std::max({a.rows, a.cols, b.cols, a.row_stride(), b.row_stride(), c.row_stride()}) <= std::numeric_limits<blasint>::max(),
               "gemm: an extent is beyond BLAS's 32-bit integers; use a smaller batch");
  if (c.rows == 0 || c.cols == 0) return;
  const auto integer = [](Index n) { return static_cast<blasint>(n); };
  const auto order = [](const Matrix& m) { return m.transposed ? CblasTrans : CblasNoTrans; };
  {
    const OneBlasThread one_thread;
    cblas_sgemm(CblasRowMajor, order(a), order(b), integer(c.rows), integer(c.cols), integer(a.cols), 1.0f, a.data,
                integer(std::max<Index>(1, a.row_stride())), b.data, integer(std::max<Index>(1, b.row_stride())),
                epilogue.accumulate ? 1.0f : 0.0f, c.data, integer(c.row_stride()));
  }
  if (epilogue.bias) add_bias(epilogue.bias, c);
}

Matrix block(const Matrix& m, Index row, Index rows, Index col, Index cols) {
  const Index offset = m.transposed ? col * m.row_stride() + row : row * m.row_stride() + col;
  return {m.data + offset, rows, cols, m.row_stride(), m.transposed};
}

// Rows or columns a block of a cut product: about 2 MFLOP, a multiple of the BLAS kernels' tiles. Every block packs the other matrix again,
// which took a third of the time of blocks of 32 rows: 256 rows make it cheap, as long as eight blocks are left for the threads.
Index block_extent(Index along, Index across, Index depth) {
  constexpr Index kTile = 32, kWork = 1 << 20, kAmortised = 256, kBlocks = 8;
  const Index wanted = std::max(kWork / std::max<Index>(1, across * depth), std::min(kAmortised, along / kBlocks));
  return std::min(along, std::max<Index>(1, wanted / kTile) * kTile);
}

}  // namespace

void gemm(const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& epilogue) {
  static std::once_flag tested;
  std::call_once(tested, [] {
    test_product([](const Matrix& x, const Matrix& y, const MutableMatrix& z, const Epilogue& end) { untested_gemm(x, y, z, end); });
  });
  untested_gemm(a, b, c, epilogue);
}

void parallel_gemm(const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& epilogue) {
  if (c.rows >= c.cols) {
    parallel_for(c.rows, block_extent(c.rows, c.cols, a.cols), [&](Index begin, Index end) {
      gemm(block(a, begin, end - begin, 0, a.cols), b, {c.data + begin * c.row_stride(), end - begin, c.cols, c.row_stride()}, epilogue);
    });
  } else {
    parallel_for(c.cols, block_extent(c.cols, c.rows, a.cols), [&](Index begin, Index end) {
      gemm(a, block(b, 0, b.rows, begin, end - begin), {c.data + begin, c.rows, end - begin, c.row_stride()},
           {epilogue.accumulate, epilogue.bias ? epilogue.bias + begin : nullptr});
    });
  }
}

std::string blas_description() { return str_cat(openblas_get_config(), ", kernel ", openblas_get_corename()); }

namespace {

struct TestShape {
  Index m, n, k;
};

std::vector<float> random_values(Index count, std::uint64_t stream) {
  const Random random(1, {stream});
  std::vector<float> values(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i)
    values[static_cast<std::size_t>(i)] = static_cast<float>(2 * random.uniform(static_cast<std::uint64_t>(i)) - 1);
  return values;
}

// The largest |product - reference| of one shape, as a share of sum |a| |b|, the scale of the rounding; infinite where the product is not a
// number.
double product_error(GemmFunction product, const TestShape& shape, bool transpose_a, bool transpose_b, bool accumulate) {
  const auto [m, n, k] = shape;
  const std::vector<float> a_values = random_values(m * k, 1), b_values = random_values(k * n, 2);
  const Matrix a{a_values.data(), m, k, 0, transpose_a}, b{b_values.data(), k, n, 0, transpose_b};
  std::vector<float> c(static_cast<std::size_t>(m * n), accumulate ? 0.5f : std::numeric_limits<float>::quiet_NaN());
  product(a, b, {c.data(), m, n}, {.accumulate = accumulate});
  const auto at = [](const Matrix& x, Index row, Index col) {
    return x.data[x.transposed ? col * x.row_stride() + row : row * x.row_stride() + col];
  };
  double worst = 0;
  std::vector<double> sum(static_cast<std::size_t>(n)), scale(static_cast<std::size_t>(n));
  for (Index i = 0; i < m; ++i) {
    std::fill(sum.begin(), sum.end(), accumulate ? 0.5 : 0.0);
    std::fill(scale.begin(), scale.end(), 1.0);
    for (Index p = 0; p < k; ++p) {
      const double factor = at(a, i, p);
      for (Index j = 0; j < n; ++j) {
        const double term = factor * at(b, p, j);
        sum[static_cast<std::size_t>(j)] += term;
        scale[static_cast<std::size_t>(j)] += std::fabs(term);
      }
    }
    for (Index j = 0; j < n; ++j) {
      const double error =
          std::fabs(c[static_cast<std::size_t>(i * n + j)] - sum[static_cast<std::size_t>(j)]) / scale[static_cast<std::size_t>(j)];
      worst = std::isfinite(error) ? std::max(worst, error) : std::numeric_limits<double>::infinity();
    }
  }
  return worst;
}

}  // namespace

void test_product(GemmFunction product) {
  constexpr TestShape kShapes[] = {{1, 1, 0}, {2, 2, 2}, {16, 1024, 27}, {64, 196, 576}, {33, 77, 129}};
  for (const TestShape& shape : kShapes) {
    for (int mode = 0; mode < 8; ++mode) {
      const double error = product_error(product, shape, mode & 1, mode & 2, mode & 4);
      TEMPER_CHECK(error <= 1e-5, blas_description(), ": a matrix product of (M,N,K) = (", shape.m, ",", shape.n, ",", shape.k,
                   ") is wrong by ", error,
                   " of its scale; set OPENBLAS_CORETYPE to another kernel, e.g. OPENBLAS_CORETYPE=Haswell, or update OpenBLAS");
    }
  }
}

}  // namespace temper
