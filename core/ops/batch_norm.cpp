#include "core/ops/batch_norm.h"

#include <cmath>

#include "core/parallel.h"
#include "core/tape.h"

namespace temper {
namespace {

constexpr Index kMostParts = 64;  // partial sums over the rows

// Two sums over the rows of x(..., C), for every channel: first(C), second(C). add(row, first, second) adds the terms of a row.
template <class Add> void sum_over_rows(const Shape& x, double* first, double* second, Add add) {
  const Index rows = x.rows(), C = x.last();
  const Index grain = std::max(row_grain(C), (rows + kMostParts - 1) / kMostParts), parts = (rows + grain - 1) / grain;
  Workspace scratch;
  double* sums = scratch.take<double>(parts * 2 * C);
  std::fill_n(sums, parts * 2 * C, 0.0);
  parallel_for(rows, grain, [&](Index begin, Index end) {
    double* sum = sums + begin / grain * 2 * C;
    for (Index row = begin; row < end; ++row) add(row, sum, sum + C);
  });
  std::fill_n(first, C, 0.0);
  std::fill_n(second, C, 0.0);
  for (const double* sum = sums; sum != sums + parts * 2 * C; sum += 2 * C) {
    for (Index c = 0; c < C; ++c) first[c] += sum[c];
    for (Index c = 0; c < C; ++c) second[c] += sum[C + c];
  }
}

// What x is normalised with, saved for backward as (3,C). The mean is the sum of two floats: a large one alone would be rounded by more
// than a small standard deviation. x - mean is exact where x is near mean, so centred() is right to float32's last digits.
struct Statistics {
  float *mean, *mean_rest, *inverse_deviation;

  explicit Statistics(const View& saved)
      : mean(saved.data), mean_rest(mean + saved.shape[1]), inverse_deviation(mean_rest + saved.shape[1]) {}
  static Shape shape(const Shape& x) { return {3, x.last()}; }

  void set(Index c, double exact_mean, double variance, float epsilon) const {
    mean[c] = static_cast<float>(exact_mean);
    mean_rest[c] = static_cast<float>(exact_mean - static_cast<double>(mean[c]));
    inverse_deviation[c] = static_cast<float>(1 / std::sqrt(variance + static_cast<double>(epsilon)));
  }
  float centred(float x, Index c) const { return (x - mean[c]) - mean_rest[c]; }
};

void normalise(const ConstView& x, const ConstView& gamma, const ConstView& beta, const Statistics& statistics, const View& y) {
  const Index C = x.shape.last();
  Workspace scratch;
  float* factor = scratch.take(C);
  for (Index c = 0; c < C; ++c) factor[c] = gamma[c] * statistics.inverse_deviation[c];
  parallel_for(x.shape.rows(), row_grain(C), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const float* in = x.data + row * C;
      float* out = y.data + row * C;
      for (Index c = 0; c < C; ++c) out[c] = statistics.centred(in[c], c) * factor[c] + beta[c];
    }
  });
}

// With n = x.size() / C and z = (x - mean) / deviation:
//   dgamma = sum of dy z,   dbeta = sum of dy,   dx = gamma / deviation (dy - dbeta / n - z dgamma / n),
// where the two latter terms are the way through the batch's mean and variance; without them when those are constants.
void gradients(bool through_statistics, const ConstView& x, const ConstView& gamma, const Statistics& statistics, const ConstView& dy,
               const GradientView& dx, const GradientView& dgamma, const GradientView& dbeta) {
  const Index C = x.shape.last(), rows = x.shape.rows();
  Workspace scratch;
  double *dy_sum = scratch.take<double>(C), *dy_z_sum = scratch.take<double>(C);
  sum_over_rows(x.shape, dy_sum, dy_z_sum, [&](Index row, double* sum, double* z_sum) {
    const float *in = x.data + row * C, *out = dy.data + row * C;
    for (Index c = 0; c < C; ++c) sum[c] += static_cast<double>(out[c]);
    for (Index c = 0; c < C; ++c) z_sum[c] += static_cast<double>(out[c] * statistics.centred(in[c], c));
  });
  for (Index c = 0; c < C; ++c) dy_z_sum[c] *= static_cast<double>(statistics.inverse_deviation[c]);

  if (dx) {
    float *factor = scratch.take(C), *dy_mean = scratch.take(C), *slope = scratch.take(C);
    const double share = through_statistics ? 1 / static_cast<double>(rows) : 0;
    for (Index c = 0; c < C; ++c) {
      factor[c] = gamma[c] * statistics.inverse_deviation[c];
      dy_mean[c] = static_cast<float>(dy_sum[c] * share);
      slope[c] = static_cast<float>(dy_z_sum[c] * share * static_cast<double>(statistics.inverse_deviation[c]));
    }
    parallel_for(rows, row_grain(C), [&](Index begin, Index end) {
      for (Index row = begin; row < end; ++row) {
        const float *in = x.data + row * C, *out = dy.data + row * C;
        for (Index c = 0; c < C; ++c) {
          dx.store(row * C + c, factor[c] * ((out[c] - dy_mean[c]) - slope[c] * statistics.centred(in[c], c)));
        }
      }
    });
  }
  if (dgamma)
    for (Index c = 0; c < C; ++c) dgamma.store(c, static_cast<float>(dy_z_sum[c]));
  if (dbeta)
    for (Index c = 0; c < C; ++c) dbeta.store(c, static_cast<float>(dy_sum[c]));
}

Shape checked_shape(const Shape& x, const Shape& gamma, const Shape& beta, const RunningStatistics& running) {
  TEMPER_CHECK(x.rank() >= 2, "batch_norm: an input ", x, " has no batch; give (N,C) or (N,H,W,C)");
  const Shape channels{x.last()};
  TEMPER_CHECK(gamma == channels && beta == channels && running.mean.shape == channels && running.variance.shape == channels,
               "batch_norm: an input ", x, " does not fit gamma ", gamma, ", beta ", beta, ", running mean ", running.mean.shape,
               " and running variance ", running.variance.shape, "; all four must be ", channels);
  return x;
}

// With the statistics of the batch, which the running ones learn.
struct BatchNormOverBatch {
  static constexpr auto name = "batch_norm";
  RunningStatistics running;
  BatchNormOptions options;

  Shape shape(const Shape& x, const Shape& gamma, const Shape& beta) const {
    checked_shape(x, gamma, beta, running);
    TEMPER_CHECK(x.rows() >= 2, "batch_norm: training on an input ", x, " needs at least 2 values a channel, but there is ", x.rows(),
                 "; use a larger --batch, or leave out the incomplete last batch");
    return x;
  }
  std::array<Shape, 1> saved(const Shape& x, const Shape&, const Shape&) const { return {Statistics::shape(x)}; }

  void forward(In<0> x, In<1> gamma, In<2> beta, Out y, Saved<0> saved) const {
    const Statistics statistics(saved);
    learn(x, statistics);
    normalise(x, gamma, beta, statistics, y);
  }
  void backward(In<0> x, In<1> gamma, Grad dy, Saved<0> saved, Into<0> dx, Into<1> dgamma, Into<2> dbeta) const {
    gradients(true, x, gamma, Statistics(saved), dy, dx, dgamma, dbeta);
  }

 private:
  void learn(const ConstView& x, const Statistics& statistics) const {
    const Index C = x.shape.last();
    const auto n = static_cast<double>(x.shape.rows());
    Workspace scratch;
    double *sum = scratch.take<double>(C), *squares = scratch.take<double>(C);
    const float* origin = x.data;  // the first row; deviations from it are small where those from 0 would cancel
    sum_over_rows(x.shape, sum, squares, [&](Index row, double* part, double* part_squares) {
      const float* in = x.data + row * C;
      for (Index c = 0; c < C; ++c) {
        const double deviation = static_cast<double>(in[c]) - static_cast<double>(origin[c]);
        part[c] += deviation;
        part_squares[c] += deviation * deviation;
      }
    });
    const double momentum = static_cast<double>(options.momentum);
    const auto update = [&](float& old, double now) {
      old = static_cast<float>((1 - momentum) * static_cast<double>(old) + momentum * now);
    };
    for (Index c = 0; c < C; ++c) {
      const double mean = static_cast<double>(origin[c]) + sum[c] / n;
      const double squared_deviations = squares[c] - sum[c] * (sum[c] / n);
      const double variance = squared_deviations < 0 ? 0 : squared_deviations / n;  // NaN stays
      statistics.set(c, mean, variance, options.epsilon);
      update(running.mean[c], mean);
      update(running.variance[c], variance * n / (n - 1));
    }
  }
};

// With the running statistics.
struct BatchNormOverRunning {
  static constexpr auto name = "batch_norm";
  RunningStatistics running;
  BatchNormOptions options;

  Shape shape(const Shape& x, const Shape& gamma, const Shape& beta) const { return checked_shape(x, gamma, beta, running); }
  std::array<Shape, 1> saved(const Shape& x, const Shape&, const Shape&) const { return {Statistics::shape(x)}; }

  void forward(In<0> x, In<1> gamma, In<2> beta, Out y, Saved<0> saved) const {
    const Statistics statistics(saved);
    for (Index c = 0; c < x.shape.last(); ++c) {
      statistics.set(c, static_cast<double>(running.mean[c]), static_cast<double>(running.variance[c]), options.epsilon);
    }
    normalise(x, gamma, beta, statistics, y);
  }
  void backward(In<0> x, In<1> gamma, Grad dy, Saved<0> saved, Into<0> dx, Into<1> dgamma, Into<2> dbeta) const {
    gradients(false, x, gamma, Statistics(saved), dy, dx, dgamma, dbeta);
  }
};

}  // namespace

Tensor batch_norm(Tensor x, Tensor gamma, Tensor beta, const RunningStatistics& running, const BatchNormOptions& options) {
  TEMPER_CHECK(options.epsilon > 0 && options.momentum >= 0 && options.momentum <= 1, "batch_norm: epsilon ", options.epsilon,
               " or momentum ", options.momentum, " is out of range; use epsilon > 0 and momentum in 0..1");
  if (Tape::recording() && !options.frozen) {
    return Tape::apply(BatchNormOverBatch{running, options}, std::move(x), std::move(gamma), std::move(beta));
  }
  return Tape::apply(BatchNormOverRunning{running, options}, std::move(x), std::move(gamma), std::move(beta));
}

}  // namespace temper
