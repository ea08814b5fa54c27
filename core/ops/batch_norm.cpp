#include "core/ops/batch_norm.h"

#include <cmath>

#include "core/frozen.h"
#include "core/kernels/normalization.h"
#include "core/parallel.h"
#include "core/tape.h"

namespace temper {
namespace {

// Two sums over the rows of x(..., C), for every channel: first(C), second(C). add(begin row, rows, first, second) adds those of some rows.
template <class Add> void sum_over_rows(const Shape& x, double* first, double* second, Add add) {
  constexpr Index kMostParts = 64;
  const Index rows = x.rows(), C = x.last();
  const Index grain = std::max(row_grain(C), (rows + kMostParts - 1) / kMostParts), parts = (rows + grain - 1) / grain;
  Workspace scratch;
  double* sums = scratch.take<double>(parts * 2 * C);
  std::fill_n(sums, parts * 2 * C, 0.0);
  parallel_for(rows, grain, [&](Index begin, Index end) {
    double* sum = sums + begin / grain * 2 * C;
    add(begin, end - begin, sum, sum + C);
  });
  std::fill_n(first, C, 0.0);
  std::fill_n(second, C, 0.0);
  for (const double* sum = sums; sum != sums + parts * 2 * C; sum += 2 * C) {
    for (Index c = 0; c < C; ++c) first[c] += sum[c];
    for (Index c = 0; c < C; ++c) second[c] += sum[C + c];
  }
}

// What x is normalised with, saved for backward as (3,C). The mean is the sum of two floats: a large one alone would be rounded by more
// than a small standard deviation.
struct Statistics {
  Index C;
  float* saved;

  explicit Statistics(const View& memory) : C(memory.shape[1]), saved(memory.data) {}
  static Shape shape(const Shape& x) { return {3, x.last()}; }

  void set(Index c, double mean, double variance, float epsilon) const {
    saved[c] = static_cast<float>(mean);
    saved[C + c] = static_cast<float>(mean - static_cast<double>(saved[c]));
    saved[2 * C + c] = static_cast<float>(1 / std::sqrt(variance + static_cast<double>(epsilon)));
  }
  double inverse_deviation(Index c) const { return static_cast<double>(saved[2 * C + c]); }
  Normalization with(const float* gamma, const float* beta) const { return {saved, saved + C, saved + 2 * C, gamma, beta}; }
};

struct BatchNormBase {
  static constexpr auto name = "batch_norm";
  RunningStatistics running;
  BatchNormOptions options;
  bool over_batch;  // with the batch's statistics, else with the running ones

  Shape shape(const Shape& x, const Shape& gamma, const Shape& beta, const Shape&) const {
    TEMPER_CHECK(x.rank() >= 2, "batch_norm: an input ", x, " has no batch; give (N,C) or (N,H,W,C)");
    const Shape channels{x.last()};
    TEMPER_CHECK(gamma == channels && beta == channels && running.mean.shape == channels && running.variance.shape == channels,
                 "batch_norm: an input ", x, " does not fit gamma ", gamma, ", beta ", beta, ", running mean ", running.mean.shape,
                 " and running variance ", running.variance.shape, "; all four must be ", channels);
    TEMPER_CHECK(!over_batch || x.rows() >= 2, "batch_norm: training on an input ", x, " needs at least 2 values a channel, but there is ",
                 x.rows(), "; use a larger --batch, or leave out the incomplete last batch");
    return x;
  }
  std::array<Shape, 1> saved(const Shape& x, const Shape&, const Shape&, const Shape&) const { return {Statistics::shape(x)}; }

 protected:
  void normalize_all(bool relu, const ConstView& x, const ConstView& gamma, const ConstView& beta, const ConstView& residual, const View& y,
                     const Statistics& statistics) const {
    TEMPER_CHECK(!residual || residual.shape == x.shape, "batch_norm: a residual ", residual.shape, " does not fit an input ", x.shape,
                 "; give both the same shape");
    const Index C = x.shape.last();
    if (over_batch) {
      learn(x, statistics);
    } else {
      for (Index c = 0; c < C; ++c) {
        statistics.set(c, static_cast<double>(running.mean[c]), static_cast<double>(running.variance[c]), options.epsilon);
      }
    }
    const Normalization n = statistics.with(gamma.data, beta.data);
    parallel_for(x.shape.rows(), row_grain(C), [&](Index begin, Index end) {
      normalize(n, x.data + begin * C, residual ? residual.data + begin * C : nullptr, relu, end - begin, C, y.data + begin * C);
    });
  }

  // With n = x.size() / C, z = (x - mean) / deviation and g the gradient behind the ReLU:
  //   dgamma = sum of g z,   dbeta = sum of g,   dx = gamma / deviation (g - dbeta / n - z dgamma / n),   dresidual = g,
  // where the two latter terms of dx are the way through the batch's mean and variance; without them when those are constants.
  void gradients(const ConstView& x, const ConstView& gamma, const float* y, const ConstView& dy, const Statistics& statistics,
                 const GradientView& dx, const GradientView& dgamma, const GradientView& dbeta, const GradientView& dresidual) const {
    const Index C = x.shape.last(), rows = x.shape.rows();
    const Normalization n = statistics.with(gamma.data, nullptr);
    Workspace scratch;
    double *g_sum = scratch.take<double>(C), *g_z_sum = scratch.take<double>(C);
    sum_over_rows(x.shape, g_sum, g_z_sum, [&](Index begin, Index count, double* sum, double* centred_sum) {
      add_gradient_sums(n, x.data + begin * C, y ? y + begin * C : nullptr, dy.data + begin * C, count, C, sum, centred_sum);
    });
    float *g_mean = scratch.take(C), *slope = scratch.take(C);
    const double share = over_batch ? 1 / static_cast<double>(rows) : 0;
    for (Index c = 0; c < C; ++c) {
      g_z_sum[c] *= statistics.inverse_deviation(c);
      g_mean[c] = static_cast<float>(g_sum[c] * share);
      slope[c] = static_cast<float>(g_z_sum[c] * share * statistics.inverse_deviation(c));
    }
    if (dx || dresidual) {
      parallel_for(rows, row_grain(C), [&](Index begin, Index end) {
        const Index offset = begin * C;
        const auto at = [offset](float* p) { return p ? p + offset : nullptr; };
        normalization_gradient(n, {g_mean, slope, at(dx.data), dx.add, at(dresidual.data), dresidual.add}, x.data + offset,
                               y ? y + offset : nullptr, dy.data + offset, end - begin, C);
      });
    }
    for (Index c = 0; dgamma && c < C; ++c) dgamma.store(c, static_cast<float>(g_z_sum[c]));
    for (Index c = 0; dbeta && c < C; ++c) dbeta.store(c, static_cast<float>(g_sum[c]));
  }

 private:
  // The batch's statistics, and what the running ones learn of them.
  void learn(const ConstView& x, const Statistics& statistics) const {
    Frozen::forget();
    const Index C = x.shape.last(), rows = x.shape.rows();
    const auto n = static_cast<double>(rows);
    Workspace scratch;
    double *sum = scratch.take<double>(C), *squares = scratch.take<double>(C);
    float* origin = scratch.take(C);
    mean_of_some(x, origin);
    sum_over_rows(x.shape, sum, squares, [&](Index begin, Index count, double* part, double* part_squares) {
      add_moments(x.data + begin * C, origin, count, C, part, part_squares);
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

  // The mean of a few rows: deviations from it are small where those from 0 would cancel.
  static void mean_of_some(const ConstView& x, float* origin) {
    const Index C = x.shape.last(), rows = x.shape.rows(), count = std::min<Index>(rows, 32);
    for (Index c = 0; c < C; ++c) {
      double sum = 0;
      for (Index i = 0; i < count; ++i) sum += static_cast<double>(x[i * rows / count * C + c]);
      origin[c] = static_cast<float>(sum / static_cast<double>(count));
    }
  }
};

struct BatchNorm : BatchNormBase {
  void forward(In<0> x, In<1> gamma, In<2> beta, In<3> residual, Out y, Saved<0> saved) const {
    normalize_all(false, x, gamma, beta, residual, y, Statistics(saved));
  }
  void backward(In<0> x, In<1> gamma, Grad dy, Saved<0> saved, Into<0> dx, Into<1> dgamma, Into<2> dbeta, Into<3> dresidual) const {
    gradients(x, gamma, nullptr, dy, Statistics(saved), dx, dgamma, dbeta, dresidual);
  }
};

struct BatchNormRelu : BatchNormBase {
  void forward(In<0> x, In<1> gamma, In<2> beta, In<3> residual, Out y, Saved<0> saved) const {
    normalize_all(true, x, gamma, beta, residual, y, Statistics(saved));
  }
  void backward(In<0> x, In<1> gamma, Out y, Grad dy, Saved<0> saved, Into<0> dx, Into<1> dgamma, Into<2> dbeta, Into<3> dresidual) const {
    gradients(x, gamma, y.data, dy, Statistics(saved), dx, dgamma, dbeta, dresidual);
  }
};

}  // namespace

Tensor batch_norm(Tensor x, Tensor gamma, Tensor beta, const RunningStatistics& running, const BatchNormOptions& options, Tensor residual) {
  TEMPER_CHECK(options.epsilon > 0 && options.momentum >= 0 && options.momentum <= 1, "batch_norm: epsilon ", options.epsilon,
               " or momentum ", options.momentum, " is out of range; use epsilon > 0 and momentum in 0..1");
  const auto apply = [&](auto op) {
    return Tape::apply(std::move(op), std::move(x), std::move(gamma), std::move(beta), std::move(residual));
  };
  const BatchNormBase base{running, options, Tape::recording() && !options.frozen};
  return options.relu ? apply(BatchNormRelu{base}) : apply(BatchNorm{base});
}

}  // namespace temper
