#include "core/kernels/batch_statistics.h"

#include <cmath>

#include "core/engine/batch_statistics_exchange.h"
#include "core/engine/parallel.h"

namespace temper {
namespace {

// Two sums over the rows of x(..., C), for every channel: first(C), second(C). add(begin row, rows, first, second) adds those of some rows.
template <class Add> void sum_over_rows(const Shape& x, double* first, double* second, Add add) {
  constexpr Index kMostParts = 64;
  const Index rows = x.rows(), C = x.last();
  const Chunks chunks(rows, std::max(row_grain(C), (rows + kMostParts - 1) / kMostParts));
  const Index parts = chunks.number();
  Workspace scratch;
  double* sums = scratch.take<double>(parts * 2 * C);
  std::fill_n(sums, parts * 2 * C, 0.0);
  parallel_for(chunks, [&](Index begin, Index end) {
    double* sum = sums + chunks.index_of(begin) * 2 * C;
    add(begin, end - begin, sum, sum + C);
  });
  std::fill_n(first, C, 0.0);
  std::fill_n(second, C, 0.0);
  for (const double* sum = sums; sum != sums + parts * 2 * C; sum += 2 * C) {
    for (Index c = 0; c < C; ++c) first[c] += sum[c];
    for (Index c = 0; c < C; ++c) second[c] += sum[C + c];
  }
}

// The mean of a few rows: deviations from it are small where those from 0 would cancel.
void mean_of_some(const ConstView& x, float* origin) {
  const Index C = x.shape.last(), rows = x.shape.rows(), count = std::min<Index>(rows, 32);
  for (Index c = 0; c < C; ++c) {
    double sum = 0;
    for (Index i = 0; i < count; ++i) sum += static_cast<double>(x[i * rows / count * C + c]);
    origin[c] = static_cast<float>(sum / static_cast<double>(count));
  }
}

// Moments of all parts of the batch in place of this one's, joined in their order (Chan, Golub and LeVeque, "Updating Formulae and a
// Pairwise Algorithm for Computing Sample Variances", 1979, equation 2.1). Returns the rows of all.
double combine_moments(BatchStatisticsExchange& exchange, double rows, double* mean, double* squared_deviations, Index C) {
  const std::span<const BatchStatisticsExchange::Contribution> parts = exchange.all_gather({rows, mean, squared_deviations}, C);
  double n = 0;
  for (const BatchStatisticsExchange::Contribution& part : parts) {
    const double all = n + part.rows;
    for (Index c = 0; c < C; ++c) {
      if (n == 0) mean[c] = squared_deviations[c] = 0;
      const double apart = part.first[c] - mean[c];
      mean[c] += apart * (part.rows / all);
      squared_deviations[c] += part.second[c] + apart * apart * (n * part.rows / all);
    }
    n = all;
  }
  TEMPER_CHECK(n >= 2, "batch_norm: training needs at least 2 values a channel, but there is ", n, "; use a larger --batch");
  return n;
}

// The same for the sums of the gradient.
double combine_sums(BatchStatisticsExchange& exchange, double rows, double* g_sum, double* g_z_sum, Index C) {
  const std::span<const BatchStatisticsExchange::Contribution> parts = exchange.all_gather({rows, g_sum, g_z_sum}, C);
  std::fill_n(g_sum, C, 0.0);
  std::fill_n(g_z_sum, C, 0.0);
  double n = 0;
  for (const BatchStatisticsExchange::Contribution& part : parts) {
    for (Index c = 0; c < C; ++c) g_sum[c] += part.first[c];
    for (Index c = 0; c < C; ++c) g_z_sum[c] += part.second[c];
    n += part.rows;
  }
  return n;
}

}  // namespace

void BatchStatistics::set(Index c, double mean, double variance, float epsilon) const {
  saved_[c] = static_cast<float>(mean);
  saved_[C_ + c] = static_cast<float>(mean - static_cast<double>(saved_[c]));
  saved_[2 * C_ + c] = static_cast<float>(1 / std::sqrt(variance + static_cast<double>(epsilon)));
}

void BatchStatistics::learn(const ConstView& x, const RunningStatistics& running, float momentum, float epsilon) const {
  const Index C = x.shape.last();
  auto n = static_cast<double>(x.shape.rows());
  Workspace scratch;
  double *sum = scratch.take<double>(C), *squares = scratch.take<double>(C);
  float* origin = scratch.take(C);
  mean_of_some(x, origin);
  sum_over_rows(x.shape, sum, squares, [&](Index begin, Index count, double* part, double* part_squares) {
    add_moments(x.data + begin * C, origin, count, C, part, part_squares);
  });
  double *const mean = sum, *const squared_deviations = squares;
  for (Index c = 0; c < C; ++c) {
    squared_deviations[c] = squares[c] - sum[c] * (sum[c] / n);
    mean[c] = static_cast<double>(origin[c]) + sum[c] / n;
  }
  BatchStatisticsExchange* const exchange = BatchStatisticsExchange::current();
  if (exchange) n = combine_moments(*exchange, n, mean, squared_deviations, C);
  const auto share = static_cast<double>(momentum);
  const auto update = [&](float& old, double now) { old = static_cast<float>((1 - share) * static_cast<double>(old) + share * now); };
  for (Index c = 0; c < C; ++c) {
    const double variance = squared_deviations[c] < 0 ? 0 : squared_deviations[c] / n;  // NaN stays
    set(c, mean[c], variance, epsilon);
    if (exchange && !exchange->updates_running_statistics()) continue;
    update(running.mean[c], mean[c]);
    update(running.variance[c], variance * n / (n - 1));
  }
}

void BatchStatistics::recall(const RunningStatistics& running, float epsilon) const {
  for (Index c = 0; c < C_; ++c) {
    set(c, static_cast<double>(running.mean[c]), static_cast<double>(running.variance[c]), epsilon);
  }
}

void normalize_all(const Normalization& n, const ConstView& x, const float* residual, bool relu, float* y) {
  const Index C = x.shape.last();
  parallel_for(x.shape.rows(), row_grain(C), [&](Index begin, Index end) {
    normalize(n, x.data + begin * C, residual ? residual + begin * C : nullptr, relu, end - begin, C, y + begin * C);
  });
}

void batch_norm_gradients(const BatchStatistics& statistics, const Normalization& n, bool over_batch, const ConstView& x, const float* y,
                          const float* dy, const BatchNormGradients& gradients) {
  const Index C = x.shape.last(), rows = x.shape.rows();
  Workspace scratch;
  double *g_sum = scratch.take<double>(C), *g_z_sum = scratch.take<double>(C);
  sum_over_rows(x.shape, g_sum, g_z_sum, [&](Index begin, Index count, double* sum, double* centred_sum) {
    add_gradient_sums(n, x.data + begin * C, y ? y + begin * C : nullptr, dy + begin * C, count, C, sum, centred_sum);
  });
  for (Index c = 0; c < C; ++c) g_z_sum[c] *= statistics.inverse_deviation(c);
  for (Index c = 0; gradients.dgamma && c < C; ++c) gradients.dgamma.store(c, static_cast<float>(g_z_sum[c]));
  for (Index c = 0; gradients.dbeta && c < C; ++c) gradients.dbeta.store(c, static_cast<float>(g_sum[c]));
  auto n_rows = static_cast<double>(rows);
  BatchStatisticsExchange* const exchange = BatchStatisticsExchange::current();
  if (exchange && over_batch) n_rows = combine_sums(*exchange, n_rows, g_sum, g_z_sum, C);
  float *g_mean = scratch.take(C), *slope = scratch.take(C);
  const double share = over_batch ? 1 / n_rows : 0;
  for (Index c = 0; c < C; ++c) {
    g_mean[c] = static_cast<float>(g_sum[c] * share);
    slope[c] = static_cast<float>(g_z_sum[c] * share * statistics.inverse_deviation(c));
  }
  const GradientView &dx = gradients.dx, &dresidual = gradients.dresidual;
  if (dx || dresidual) {
    parallel_for(rows, row_grain(C), [&](Index begin, Index end) {
      const Index offset = begin * C;
      const auto at = [offset](float* p) { return p ? p + offset : nullptr; };
      normalization_gradient(n, {g_mean, slope, at(dx.data), dx.add, at(dresidual.data), dresidual.add}, x.data + offset,
                             y ? y + offset : nullptr, dy + offset, end - begin, C);
    });
  }
}

}  // namespace temper
