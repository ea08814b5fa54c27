#include "models/analysis/template_distances.h"

#include <cmath>

#include "core/engine/parallel.h"

namespace temper::analysis {
namespace {

struct Sums {
  double own = 0, others = 0, unevenness = 0;
};

// What one sample adds.
Sums sample_sums(const Penultimate& p, Index sample) {
  const Index label = p.labels[static_cast<std::size_t>(sample)];
  Sums sums;
  double sum = 0, squares = 0;
  for (Index k = 0; k < p.classes; ++k) {
    double square = 0;
    for (Index d = 0; d <= p.features; ++d) square += std::pow(p.activation(sample, d) - p.weight(k, d), 2);
    if (k == label) {
      sums.own = std::sqrt(square);
    } else {
      sum += std::sqrt(square);
      squares += square;
    }
  }
  const double mean = sum / static_cast<double>(p.classes - 1);
  const double variance = std::max(0.0, squares / static_cast<double>(p.classes - 1) - mean * mean);
  sums.others = mean;
  sums.unevenness = mean > 0 ? std::sqrt(variance) / mean : 0;
  return sums;
}

Sums joined(const Sums& a, const Sums& b) { return {a.own + b.own, a.others + b.others, a.unevenness + b.unevenness}; }

}  // namespace

TemplateDistances template_distances(const Penultimate& p) {
  TEMPER_CHECK(p.classes >= 2 && p.size() > 0, "template distances: ", p.classes, " classes and ", p.size(),
               " samples; give two classes and one sample at least");
  TemplateDistances result{.classes = p.classes};
  for (Index k = 0; k < p.classes; ++k) {
    for (Index l = 0; l < p.classes; ++l) {
      double square = 0;
      for (Index d = 0; d <= p.features; ++d) square += std::pow(p.weight(k, d) - p.weight(l, d), 2);
      result.between.push_back(std::sqrt(square));
    }
  }
  const auto some = [&](Index begin, Index end) {
    Sums sums;
    for (Index i = begin; i < end; ++i) sums = joined(sums, sample_sums(p, i));
    return sums;
  };
  const Sums all = parallel_reduce(p.size(), row_grain(p.classes * p.features), Sums{}, some, joined);
  const auto N = static_cast<double>(p.size());
  result.own = all.own / N;
  result.others = all.others / N;
  result.unevenness = all.unevenness / N;
  return result;
}

}  // namespace temper::analysis
