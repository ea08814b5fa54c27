#include "models/calibration/calibrators/linear_nll.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/engine/parallel.h"
#include "core/kernels/block_product.h"
#include "core/kernels/double_block_product.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

using Vector = std::vector<double>;

constexpr double kLeastLog = -745;  // exp of it is the least positive double
constexpr Index kBlockRows = 48;    // rows that are multiplied at a time, so that the matrix is read once for all of them

}  // namespace

void linear_features(LinearForm form, std::span<const float> logits, std::span<double> x) {
  const auto max = static_cast<double>(logits[static_cast<std::size_t>(argmax(logits))]);
  const double shift = form == LinearForm::dirichlet ? -std::log1p(softmax(logits, 1).rest) : max;
  for (std::size_t k = 0; k < logits.size(); ++k) x[k] = std::max(static_cast<double>(logits[k]) - max, kLeastLog) + shift;
}

// A few rows on their way through the map: x (rows,K + 1), the last one 1; z, and then its gradient (rows,padded K).
struct LinearNll::Block {
  Index features, padded;
  Vector x, z;

  Block(Index classes, Index columns)
      : features(classes + 1),
        padded(columns),
        x(static_cast<std::size_t>(kBlockRows * features), 1),
        z(static_cast<std::size_t>(kBlockRows * padded)) {}
  std::span<double> x_row(Index row) { return std::span(x).subspan(static_cast<std::size_t>(row * features), x.size() / kBlockRows - 1); }
  std::span<double> z_row(Index row) { return std::span(z).subspan(static_cast<std::size_t>(row * padded), x.size() / kBlockRows - 1); }
};

LinearNll::LinearNll(LinearForm form, const RowSubset& data, double scale, double odir)
    : form_(form), data_(data), classes_(static_cast<std::size_t>(data.classes())), scale_(scale), odir_(odir) {}

double LinearNll::operator()(std::span<const double> parameters, std::span<double> gradient) const {
  const auto padded = static_cast<std::size_t>(padded_columns(data_.classes())), table_rows = parameters.size() / classes_;
  Vector table(table_rows * padded);
  for (std::size_t j = 0; j < table_rows; ++j)
    std::copy_n(parameters.begin() + static_cast<std::ptrdiff_t>(j * classes_), classes_, &table[j * padded]);
  const Chunks all = chunks(data_);
  const auto parts = static_cast<std::size_t>(all.number());
  std::vector<Vector> gradients(parts, Vector(table.size()));
  Vector values(parts);
  parallel_for(all, [&](Index begin, Index end) {
    const auto part = static_cast<std::size_t>(all.index_of(begin));
    values[part] = add_rows(table, begin, end, gradients[part]);
  });
  std::fill(gradient.begin(), gradient.end(), 0);
  double value = 0;
  const auto samples = static_cast<double>(data_.size());
  for (std::size_t part = 0; part < parts; ++part) {
    value += values[part] / samples;
    for (std::size_t j = 0; j < table_rows; ++j)
      for (std::size_t k = 0; k < classes_; ++k) gradient[j * classes_ + k] += gradients[part][j * padded + k] / samples;
  }
  return value + penalty(parameters, gradient);
}

double LinearNll::add_rows(std::span<const double> table, Index begin, Index end, std::span<double> gradient) const {
  const Index classes = data_.classes();
  Block block(classes, padded_columns(classes));
  double value = 0;
  for (Index first = begin; first < end; first += kBlockRows) {
    const Index rows = std::min(kBlockRows, end - first);
    for (Index r = 0; r < rows; ++r) {
      linear_features(form_, data_.row(first + r), block.x_row(r));
      for (double& x : block.x_row(r)) x *= scale_;
    }
    std::fill(block.z.begin(), block.z.end(), 0);
    const Index features = block.features, padded = block.padded;
    if (form_ != LinearForm::vector) {
      add_double_block_product({block.x.data(), features, 1, table.data(), padded, block.z.data(), padded, rows, padded, features});
      value += block_nll(block, first, rows);
      add_double_block_product({block.x.data(), 1, features, block.z.data(), padded, gradient.data(), padded, features, padded, rows});
      continue;
    }
    const auto width = static_cast<std::size_t>(padded);
    for (Index r = 0; r < rows; ++r)
      for (std::size_t k = 0; k < classes_; ++k) block.z_row(r)[k] = table[k] * block.x_row(r)[k] + table[width + k];
    value += block_nll(block, first, rows);
    for (Index r = 0; r < rows; ++r)
      for (std::size_t k = 0; k < classes_; ++k) {
        gradient[k] += block.z_row(r)[k] * block.x_row(r)[k];
        gradient[width + k] += block.z_row(r)[k];
      }
  }
  return value;
}

// The sum of the rows' NLL; replaces z by its gradient, p less the label's one.
double LinearNll::block_nll(Block& block, Index first, Index rows) const {
  double value = 0;
  for (Index r = 0; r < rows; ++r) {
    const std::span<double> z = block.z_row(r);
    const std::size_t label = data_.label(first + r);
    if (!std::ranges::all_of(z, [](double logit) { return std::isfinite(logit); })) return std::numeric_limits<double>::infinity();
    const double of_label = z[label];
    value -= softmax(std::span<const double>(z), 1, z).log_probability(of_label);
    z[label] -= 1;
  }
  return value;
}

LinearNll::Rates LinearNll::penalty_rates() const {
  if (form_ == LinearForm::vector || classes_ < 2) return {};
  const auto k = static_cast<double>(classes_);
  return {.weight = odir_ * scale_ * scale_ / (k * (k - 1)), .bias = odir_ / k};
}

double LinearNll::penalty(std::span<const double> parameters, std::span<double> gradient) const {
  const Rates rates = penalty_rates();
  if (rates.bias == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const bool weight = i < classes_ * classes_;
    if (weight && i % (classes_ + 1) == 0) continue;  // the diagonal is free
    const double rate = weight ? rates.weight : rates.bias;
    sum += rate * parameters[i] * parameters[i];
    gradient[i] += 2 * rate * parameters[i];
  }
  return sum;
}

}  // namespace temper::calibration
