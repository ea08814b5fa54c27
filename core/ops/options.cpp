#include "core/ops/options.h"

#include "core/engine/batch_statistics_exchange.h"

namespace temper {

Shape convolved_shape(const char* op, const Shape& x, const Shape& w, const Conv2dOptions& options) {
  TEMPER_CHECK(x.rank() == 4 && w.rank() == 4, op, ": an input ", x, " and kernels ", w, " do not fit; it takes (N,H,W,C) and (K,R,S,C)");
  const Index groups = options.groups, C = x[3], K = w[0];
  TEMPER_CHECK(groups >= 1 && C % groups == 0 && K % groups == 0, op, ": groups ", groups, " do not divide the channels of an input ", x,
               " and the ", K, " outputs of kernels ", w, "; use a number that divides both");
  TEMPER_CHECK(w[3] == C / groups, op, ": an input ", x, " does not fit kernels ", w, " in ", groups, " groups; they must be (K,R,S,",
               C / groups, ")");
  const Size2 output = options.window(w).output_size(op, x);
  return {x[0], output.h, output.w, K};
}

void check_options(const char* op, const BatchNormOptions& options) {
  TEMPER_CHECK(options.epsilon > 0 && options.momentum >= 0 && options.momentum <= 1, op, ": epsilon ", options.epsilon, " or momentum ",
               options.momentum, " is out of range; use epsilon > 0 and momentum in 0..1");
}

void check_batch_norm(const char* op, const Shape& x, const Shape& gamma, const Shape& beta, const RunningStatistics& running,
                      bool over_batch) {
  TEMPER_CHECK(x.rank() >= 2, op, ": an input ", x, " has no batch; give (N,C) or (N,H,W,C)");
  const Shape channels{x.last()};
  TEMPER_CHECK(gamma == channels && beta == channels && running.mean.shape == channels && running.variance.shape == channels, op,
               ": an input ", x, " does not fit gamma ", gamma, ", beta ", beta, ", running mean ", running.mean.shape,
               " and running variance ", running.variance.shape, "; all four must be ", channels);
  TEMPER_CHECK(!over_batch || BatchStatisticsExchange::current() || x.rows() >= 2, op, ": training on an input ", x,
               " needs at least 2 values a channel, but there is ", x.rows(),
               "; use a larger --batch, or leave out the incomplete last batch");
}

}  // namespace temper
