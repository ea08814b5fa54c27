#include "core/engine/gemm.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

extern "C" {  // of the host program's own OpenBLAS
int openblas_get_num_threads();
void openblas_set_num_threads(int);
}

namespace temper {
namespace {

std::vector<float> ramp(Index count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i)
    values[static_cast<std::size_t>(i)] = static_cast<float>((i * 37 + 11) % 64 - 31) / 8;  // exact in float sums
  return values;
}

// Case 35: the self-test's own shapes, and a product that is wrong in one element of one of them.
TEST_CASE("gemm: the start-up test passes a right product and names a wrong one") {
  test_product([](const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& end) { gemm(a, b, c, end); });
  test_product([](const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& end) { parallel_gemm(a, b, c, end); });
  const auto wrong = [](const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& end) {
    gemm(a, b, c, end);
    if (c.rows == 33) c.data[32 * 77 + 76] += 0.1f;
  };
  CHECK_THROWS_WITH_AS(test_product(wrong), doctest::Contains("OPENBLAS_CORETYPE"), Error);
  CHECK_THROWS_WITH_AS(test_product(wrong), doctest::Contains("(33,77,129)"), Error);
  const auto reads_c = [](const Matrix& a, const Matrix& b, const MutableMatrix& c, const Epilogue& end) {
    gemm(a, b, c, end);
    if (!end.accumulate) c.data[0] = std::numeric_limits<float>::quiet_NaN();
  };
  CHECK_THROWS_AS(test_product(reads_c), Error);
  CHECK(blas_description().find("OpenBLAS") != std::string::npos);
}

TEST_CASE("gemm: strides, transposes, bias and accumulation, cut or not, for 1, 2, 3 and 8 threads") {
  const int before = threads();
  struct Case {
    Index m, n, k;
  };
  for (const auto& [m, n, k] : {Case{1, 1, 1}, Case{3, 500, 7}, Case{700, 5, 300}, Case{129, 257, 65}, Case{512, 1, 1000}, Case{4, 6, 0}}) {
    const auto a = ramp(m * (k + 3)), b = ramp(n * (k + 2)), bias = ramp(n);
    std::vector<float> expected(static_cast<std::size_t>(m * (n + 1)), 2.0f);
    for (Index i = 0; i < m; ++i) {
      for (Index j = 0; j < n; ++j) {
        double sum = 2 + double{bias[static_cast<std::size_t>(j)]};
        for (Index p = 0; p < k; ++p)
          sum += double{a[static_cast<std::size_t>(i * (k + 3) + p)]} * b[static_cast<std::size_t>(j * (k + 2) + p)];
        expected[static_cast<std::size_t>(i * (n + 1) + j)] = static_cast<float>(sum);
      }
    }
    for (const int count : {1, 2, 3, 8}) {
      set_threads(count);
      std::vector<float> c(expected.size(), 2.0f);
      parallel_gemm({a.data(), m, k, k + 3}, transposed({b.data(), n, k, k + 2}), {c.data(), m, n, n + 1},
                    {.accumulate = true, .bias = bias.data()});
      CHECK(c == expected);
    }
  }
  set_threads(before);
}

TEST_CASE("gemm: shapes that do not fit are refused") {
  const auto a = ramp(12);
  std::vector<float> c(9);
  CHECK_THROWS_WITH_AS(gemm({a.data(), 3, 4}, {a.data(), 3, 4}, {c.data(), 3, 3}), doctest::Contains("does not fit"), Error);
}

TEST_CASE("gemm: NaN in an input reaches the output") {
  std::vector<float> a(8, 1.0f), c(4);
  a[1] = std::numeric_limits<float>::quiet_NaN();
  gemm({a.data(), 2, 2}, {a.data() + 4, 2, 2}, {c.data(), 2, 2});
  CHECK(std::isnan(c[0]));
  CHECK(std::isnan(c[1]));
  CHECK(c[2] == 2);
}

// Case 34.
TEST_CASE("gemm: the host program's OpenBLAS threads are restored") {
  const int host = openblas_get_num_threads();
  for (const int setting : {1, 2}) {
    openblas_set_num_threads(setting);
    const auto a = ramp(64 * 64);
    std::vector<float> c(64 * 64);
    parallel_for(16, 1, [&](Index, Index) {
      std::vector<float> mine(64 * 64);
      gemm({a.data(), 64, 64}, {a.data(), 64, 64}, {mine.data(), 64, 64});
    });
    CHECK(openblas_get_num_threads() == setting);
  }
  openblas_set_num_threads(host);
}

}  // namespace
}  // namespace temper
