#include "models/analysis/projection.h"

#include <cmath>
#include <numeric>

namespace temper::analysis {
namespace {

using Point = Projection::Point;
using Vector = std::vector<double>;

constexpr std::array<std::array<std::size_t, 2>, 3> kPairs = {{{0, 1}, {0, 2}, {1, 2}}};

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

double distance(const Point& a, const Point& b) { return std::hypot(a.u - b.u, a.v - b.v); }

Vector template_vector(const Penultimate& p, Index k) {
  Vector w;
  for (Index d = 0; d <= p.features; ++d) w.push_back(p.weight(k, d));
  return w;
}

// An orthonormal basis of a and b. The second pass of Gram-Schmidt removes what rounding left of q1 in q2.
std::array<Vector, 2> orthonormal(Vector a, Vector b) {
  const double long_a = std::sqrt(dot(a, a)), long_b = std::sqrt(dot(b, b));
  for (double& value : a) value /= long_a;
  for (int pass = 0; pass < 2; ++pass) {
    const double along = dot(a, b);
    for (std::size_t d = 0; d < b.size(); ++d) b[d] -= along * a[d];
  }
  const double rest = std::sqrt(dot(b, b));
  TEMPER_CHECK(long_a > 0 && rest > 1e-9 * long_b, "projection: the templates of the three classes lie on a line; choose other classes");
  for (double& value : b) value /= rest;
  return {std::move(a), std::move(b)};
}

void check(const Penultimate& p, const std::array<Index, 3>& classes) {
  for (const Index k : classes) {
    TEMPER_CHECK(k >= 0 && k < p.classes, "projection: there is no class ", k, "; the network has 0-", p.classes - 1);
  }
  TEMPER_CHECK(classes[0] != classes[1] && classes[0] != classes[2] && classes[1] != classes[2],
               "projection: a class is named twice; give three different ones");
}

// The scatter around the class means, which are left in `centres`.
double compute_scatter(const Projection& projection, const Penultimate& p, std::array<Point, 3>& centres) {
  std::array<double, 3> counts{}, squares{};
  const auto class_of = [&](std::size_t i) {
    const Index label = p.labels[static_cast<std::size_t>(projection.samples[i])];
    return label == projection.classes[0] ? 0u : label == projection.classes[1] ? 1u : 2u;
  };
  for (std::size_t i = 0; i < projection.points.size(); ++i) {
    const std::size_t c = class_of(i);
    ++counts[c];
    centres[c].u += projection.points[i].u;
    centres[c].v += projection.points[i].v;
  }
  for (std::size_t c = 0; c < 3; ++c) {
    TEMPER_CHECK(counts[c] > 0, "projection: class ", projection.classes[c], " has no samples; choose another class or split");
    centres[c] = {centres[c].u / counts[c], centres[c].v / counts[c]};
  }
  for (std::size_t i = 0; i < projection.points.size(); ++i) {
    squares[class_of(i)] += std::pow(distance(projection.points[i], centres[class_of(i)]), 2);
  }
  return std::sqrt((squares[0] / counts[0] + squares[1] / counts[1] + squares[2] / counts[2]) / 3);
}

}  // namespace

Projection project(const Penultimate& p, const std::array<Index, 3>& classes) {
  check(p, classes);
  std::array<Vector, 3> w = {template_vector(p, classes[0]), template_vector(p, classes[1]), template_vector(p, classes[2])};
  const auto minus_first = [&](std::size_t c) {
    Vector difference = w[c];
    for (std::size_t d = 0; d < difference.size(); ++d) difference[d] -= w[0][d];
    return difference;
  };
  const std::array<Vector, 2> Q = orthonormal(minus_first(1), minus_first(2));

  Projection result{.classes = classes};
  for (std::size_t c = 0; c < 3; ++c) result.templates[c] = {dot(Q[0], w[c]), dot(Q[1], w[c])};
  Vector x(static_cast<std::size_t>(p.features + 1));
  for (Index i = 0; i < p.size(); ++i) {
    const Index label = p.labels[static_cast<std::size_t>(i)];
    if (label != classes[0] && label != classes[1] && label != classes[2]) continue;
    for (Index d = 0; d <= p.features; ++d) x[static_cast<std::size_t>(d)] = p.activation(i, d);
    result.points.push_back({dot(Q[0], x), dot(Q[1], x)});
    result.samples.push_back(i);
  }
  std::array<Point, 3> centres{};
  result.scatter = compute_scatter(result, p, centres);
  for (const auto& [a, b] : kPairs) {
    result.centre_distance += distance(centres[a], centres[b]) / 3;
    result.template_distance += distance(result.templates[a], result.templates[b]) / 3;  // the plane keeps them
  }
  return result;
}

}  // namespace temper::analysis
