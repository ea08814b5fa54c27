#include "layers/symmetric_eigen.h"

#include <cmath>
#include <numeric>

namespace temper::layers {
namespace {

struct Square {
  std::vector<double> entries;
  Index n;
  double& operator()(Index i, Index j) { return entries[static_cast<std::size_t>(i * n + j)]; }
};

// (a, b) <- (c a - s b, s a + c b).
void turn(double& a, double& b, double c, double s) {
  const double old = a;
  a = c * old - s * b;
  b = s * old + c * b;
}

// Rotates axes p and q so that m(p,q) becomes 0; the rows of v follow.
void rotate(Square& m, Square& v, Index p, Index q) {
  if (m(p, q) == 0) return;
  const double theta = (m(q, q) - m(p, p)) / (2 * m(p, q));
  const double tangent = std::copysign(1.0, theta) / (std::fabs(theta) + std::hypot(theta, 1.0));  // the smaller of the two angles
  const double cosine = 1 / std::hypot(tangent, 1.0), sine = tangent * cosine;
  for (Index k = 0; k < m.n; ++k) turn(m(k, p), m(k, q), cosine, sine);
  for (Index k = 0; k < m.n; ++k) turn(m(p, k), m(q, k), cosine, sine);
  for (Index k = 0; k < m.n; ++k) turn(v(p, k), v(q, k), cosine, sine);
  m(p, q) = m(q, p) = 0;
}

double off_diagonal(Square& m) {
  double sum = 0;
  for (Index p = 0; p < m.n; ++p) {
    for (Index q = p + 1; q < m.n; ++q) sum += m(p, q) * m(p, q);
  }
  return std::sqrt(sum);
}

// The row's entry of largest magnitude made positive: of v and -v, both eigenvectors, always the same.
void fix_sign(double* row, Index n) {
  const double* largest = std::max_element(row, row + n, [](double a, double b) { return std::fabs(a) < std::fabs(b); });
  const double sign = *largest < 0 ? -1 : 1;
  for (Index k = 0; k < n; ++k) row[k] *= sign;
}

}  // namespace

EigenDecomposition symmetric_eigen(std::span<const double> matrix, Index n) {
  TEMPER_CHECK(n >= 0 && static_cast<Index>(matrix.size()) == n * n, "eigenvectors: ", matrix.size(), " entries are no matrix of ", n,
               " rows; give n^2");
  Square m{std::vector<double>(matrix.size()), n}, v = m;
  double scale = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = i; j < n; ++j) {
      const double entry = matrix[static_cast<std::size_t>(i * n + j)];
      TEMPER_CHECK(std::isfinite(entry), "eigenvectors: entry (", i, ",", j, ") is ", entry, "; all must be finite");
      m(i, j) = m(j, i) = entry;
      scale = std::max(scale, std::fabs(entry));
    }
    v(i, i) = 1;
  }
  constexpr int kMostSweeps = 60;  // it converges quadratically; ten are many
  for (int sweep = 0; sweep < kMostSweeps && off_diagonal(m) > 1e-17 * scale; ++sweep) {
    for (Index p = 0; p < n; ++p) {
      for (Index q = p + 1; q < n; ++q) rotate(m, v, p, q);
    }
  }

  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return m(a, a) > m(b, b); });
  EigenDecomposition result;
  for (const Index i : order) {
    result.values.push_back(m(i, i));
    double* row = &v(i, 0);
    fix_sign(row, n);
    result.vectors.insert(result.vectors.end(), row, row + n);
  }
  return result;
}

}  // namespace temper::layers
