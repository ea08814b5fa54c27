#include "models/calibration/calibrators/linear_curvature.h"

#include <algorithm>
#include <cmath>

#include "core/engine/parallel.h"
#include "core/kernels/block_product.h"
#include "core/kernels/double_block_product.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

using Vector = std::vector<double>;

constexpr Index kMostRows = 8192;         // that the curvature is estimated on
constexpr Index kMostOwnBlocks = 256;     // classes
constexpr std::size_t kProductRows = 64;  // weighted at a time
constexpr double kTiny = 1e-300;
constexpr double kLeastCurvature = 1e-8;  // of the mean one: no direction is flat, whatever is collinear

// The rows that the curvature is estimated on: (x,1), padded, and p (1 - p) of every class.
struct Sample {
  std::size_t rows;
  Vector x, weights;
};

Sample draw_sample(LinearForm form, const RowSubset& data, double scale, std::span<const double> parameters, std::size_t padded) {
  const Index stride = std::max<Index>(1, data.size() / kMostRows), rows = std::min(kMostRows, data.size() / stride);
  const auto classes = static_cast<std::size_t>(data.classes());
  Sample sample{static_cast<std::size_t>(rows), {}, {}};
  sample.x.resize(sample.rows * padded);
  sample.weights.resize(sample.rows * classes);
  const std::span<const double> bias = parameters.subspan(classes * classes);
  parallel_for(rows, row_grain(data.classes()), [&](Index begin, Index end) {
    for (auto r = static_cast<std::size_t>(begin); r < static_cast<std::size_t>(end); ++r) {
      const std::span<double> x = std::span(sample.x).subspan(r * padded, classes),
                              p = std::span(sample.weights).subspan(r * classes, classes);
      linear_features(form, data.row(static_cast<Index>(r) * stride), x);
      for (double& value : x) value *= scale;
      std::copy(bias.begin(), bias.end(), p.begin());
      for (std::size_t j = 0; j < classes; ++j)
        for (std::size_t k = 0; k < classes; ++k) p[k] += x[j] * parameters[j * classes + k];
      softmax(std::span<const double>(p), 1, p);
      for (double& value : p) value *= 1 - value;
      sample.x[r * padded + classes] = 1;
    }
  });
  return sample;
}

// sums (features,padded) += mean of weight(r) (x,1)(x,1)'.
template <class Weight>
void add_weighted_products(const Sample& sample, std::size_t features, std::size_t padded, Weight weight, double* sums) {
  Vector weighted(kProductRows * padded);
  for (std::size_t first = 0; first < sample.rows; first += kProductRows) {
    const std::size_t rows = std::min(kProductRows, sample.rows - first);
    const double* x = sample.x.data() + first * padded;
    for (std::size_t r = 0; r < rows; ++r) {
      const double factor = weight(first + r) / static_cast<double>(sample.rows);
      for (std::size_t j = 0; j < padded; ++j) weighted[r * padded + j] = factor * x[r * padded + j];
    }
    const auto width = static_cast<Index>(padded), count = static_cast<Index>(features);
    add_double_block_product({x, 1, width, weighted.data(), width, sums, width, count, width, static_cast<Index>(rows)});
  }
}

// The lower factor of a symmetric matrix, in its place.
void cholesky(std::span<double> matrix, std::size_t size, std::size_t stride) {
  for (std::size_t i = 0; i < size; ++i) {
    double* row = &matrix[i * stride];
    for (std::size_t j = 0; j <= i; ++j) {
      const double* other = &matrix[j * stride];
      const double rest = row[j] - sum_terms(j, [&](std::size_t d) { return row[d] * other[d]; });
      row[j] = j < i ? rest / other[j] : std::sqrt(std::max(rest, kLeastCurvature * row[i]));
    }
  }
}

// v := (L L')^-1 v.
void substitute(std::span<const double> factor, std::size_t stride, std::span<double> v) {
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double* row = &factor[i * stride];
    v[i] = (v[i] - sum_terms(i, [&](std::size_t d) { return row[d] * v[d]; })) / row[i];
  }
  for (std::size_t i = v.size(); i-- > 0;) {
    const double* row = &factor[i * stride];
    v[i] /= row[i];
    for (std::size_t d = 0; d < i; ++d) v[d] -= row[d] * v[i];
  }
}

}  // namespace

LinearCurvature::LinearCurvature(LinearForm form, const RowSubset& data, double scale, std::span<const double> parameters,
                                 const LinearNll::Rates& penalty)
    : classes_(static_cast<std::size_t>(data.classes())),
      features_(classes_ + 1),
      padded_(static_cast<std::size_t>(padded_columns(data.classes() + 1))),
      blocks_(data.classes() <= kMostOwnBlocks ? classes_ : 1),
      share_(classes_, 1),
      factors_(blocks_ * features_ * padded_) {
  const Sample sample = draw_sample(form, data, scale, parameters, padded_);
  const auto weight_of = [&](std::size_t k) { return [&, k](std::size_t r) { return sample.weights[r * classes_ + k]; }; };
  if (blocks_ == 1) {
    const auto rows = static_cast<double>(sample.rows);
    for (std::size_t k = 0; k < classes_; ++k) share_[k] = std::max(sum_terms(sample.rows, weight_of(k)) / rows, kTiny);
    add_weighted_products(
        sample, features_, padded_, [](std::size_t) { return 1.0; }, factors_.data());
  } else {
    parallel_for(data.classes(), 1, [&](Index begin, Index end) {
      for (auto k = static_cast<std::size_t>(begin); k < static_cast<std::size_t>(end); ++k)
        add_weighted_products(sample, features_, padded_, weight_of(k), cholesky_factor(k).data());
    });
  }
  factor(penalty);
}

// Adds the curvature of the penalty, and factors.
void LinearCurvature::factor(const LinearNll::Rates& penalty) {
  double share = 0;  // of the classes that share a block
  for (const double of_class : share_) share += of_class / static_cast<double>(classes_);
  parallel_for(static_cast<Index>(blocks_), 1, [&](Index begin, Index end) {
    for (auto block = static_cast<std::size_t>(begin); block < static_cast<std::size_t>(end); ++block) {
      const std::span<double> matrix = cholesky_factor(block);
      double trace = 0;
      for (std::size_t j = 0; j < features_; ++j) trace += matrix[j * (padded_ + 1)];
      const double least = kLeastCurvature * trace / static_cast<double>(features_) + kTiny;
      for (std::size_t j = 0; j < features_; ++j) {
        const bool diagonal = blocks_ > 1 && j == block;  // it is free
        matrix[j * (padded_ + 1)] += least + (j == classes_ ? 2 * penalty.bias : diagonal ? 0 : 2 * penalty.weight) / share;
      }
      cholesky(matrix, features_, padded_);
    }
  });
}

void LinearCurvature::solve(std::span<double> gradient) const {
  parallel_for(static_cast<Index>(classes_), 8, [&](Index begin, Index end) {
    Vector v(features_);
    for (auto k = static_cast<std::size_t>(begin); k < static_cast<std::size_t>(end); ++k) {
      for (std::size_t j = 0; j < features_; ++j) v[j] = gradient[j * classes_ + k] / share_[k];
      const std::size_t block = blocks_ == 1 ? 0 : k;
      substitute(std::span(factors_).subspan(block * features_ * padded_, features_ * padded_), padded_, v);
      for (std::size_t j = 0; j < features_; ++j) gradient[j * classes_ + k] = v[j];
    }
  });
}

}  // namespace temper::calibration
