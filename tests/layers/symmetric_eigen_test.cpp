#include "layers/symmetric_eigen.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/random.h"

namespace temper::layers {
namespace {

// A symmetric matrix of normal numbers, of full rank or of rank 3.
std::vector<double> random_matrix(Index n, bool low_rank) {
  const Random random(3, {static_cast<std::uint64_t>(n)});
  std::vector<double> matrix(static_cast<std::size_t>(n * n));
  const auto factor = [&](Index i, Index k) { return random.normal(static_cast<std::uint64_t>(i * 1000 + k)); };
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      double& entry = matrix[static_cast<std::size_t>(i * n + j)];
      if (!low_rank) entry = factor(std::min(i, j), std::max(i, j));
      for (Index k = 0; low_rank && k < 3; ++k) entry += factor(i, k) * factor(j, k);
    }
  }
  return matrix;
}

TEST_CASE("symmetric eigen: the vectors are orthonormal, sorted, and put the matrix together again") {
  for (const Index n : {1, 2, 5, 12, 27, 60}) {
    for (const bool low_rank : {false, true}) {
      CAPTURE(n);
      CAPTURE(low_rank);
      const std::vector<double> matrix = random_matrix(n, low_rank);
      const EigenDecomposition eigen = symmetric_eigen(matrix, n);
      const auto vector = [&](Index i, Index k) { return eigen.vectors[static_cast<std::size_t>(i * n + k)]; };
      const auto value = [&](Index i) { return eigen.values[static_cast<std::size_t>(i)]; };
      double worst_product = 0, worst_entry = 0;
      for (Index i = 0; i < n; ++i) {
        if (i > 0) CHECK(value(i - 1) >= value(i));
        double largest = 0;  // of v and -v the one in which it is positive
        for (Index k = 0; k < n; ++k)
          if (std::fabs(vector(i, k)) > std::fabs(largest)) largest = vector(i, k);
        CHECK(largest > 0);
        for (Index j = 0; j < n; ++j) {
          double product = i == j ? -1 : 0, entry = -matrix[static_cast<std::size_t>(i * n + j)];
          for (Index k = 0; k < n; ++k) {
            product += vector(i, k) * vector(j, k);
            entry += value(k) * vector(k, i) * vector(k, j);
          }
          worst_product = std::max(worst_product, std::fabs(product));
          worst_entry = std::max(worst_entry, std::fabs(entry));
        }
      }
      CHECK(worst_product < 1e-13);
      CHECK(worst_entry < 1e-12);
    }
  }
}

TEST_CASE("symmetric eigen: a known matrix, the sign of its vectors, and the lower triangle unread") {
  const double matrix[] = {2, 1, 99, 2};
  const EigenDecomposition eigen = symmetric_eigen(matrix, 2);
  CHECK(eigen.values[0] == doctest::Approx(3));
  CHECK(eigen.values[1] == doctest::Approx(1));
  CHECK(eigen.vectors[0] == doctest::Approx(std::sqrt(0.5)));
  CHECK(eigen.vectors[1] == doctest::Approx(std::sqrt(0.5)));
  CHECK(std::max(eigen.vectors[2], eigen.vectors[3]) > 0.7);
  CHECK(symmetric_eigen({}, 0).values.empty());
}

TEST_CASE("symmetric eigen: what is no finite square matrix is refused") {
  const double matrix[] = {1, std::numeric_limits<double>::infinity(), 0, 1};
  CHECK_THROWS_WITH_AS(symmetric_eigen(matrix, 2), doctest::Contains("(0,1)"), Error);
  CHECK_THROWS_WITH_AS(symmetric_eigen(matrix, 3), doctest::Contains("n^2"), Error);
}

}  // namespace
}  // namespace temper::layers
