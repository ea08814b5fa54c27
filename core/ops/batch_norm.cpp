#include "core/ops/batch_norm.h"

#include "core/engine/tape.h"

namespace temper {
namespace {

struct BatchNormBase {
  static constexpr auto name = "batch_norm";
  RunningStatistics running;
  BatchNormOptions options;
  bool over_batch;  // with the batch's statistics, else with the running ones

  Shape shape(const Shape& x, const Shape& gamma, const Shape& beta, const Shape&) const {
    check_batch_norm(name, x, gamma, beta, running, over_batch);
    return x;
  }
  std::array<Shape, 1> saved(const Shape& x, const Shape&, const Shape&, const Shape&) const { return {BatchStatistics::shape(x)}; }

 protected:
  void normalized(bool relu, const ConstView& x, const ConstView& gamma, const ConstView& beta, const ConstView& residual, const View& y,
                  const BatchStatistics& statistics) const {
    TEMPER_CHECK(!residual || residual.shape == x.shape, "batch_norm: a residual ", residual.shape, " does not fit an input ", x.shape,
                 "; give both the same shape");
    over_batch ? statistics.learn(x, running, options.momentum, options.epsilon) : statistics.recall(running, options.epsilon);
    normalize_all(statistics.with(gamma.data, beta.data), x, residual.data, relu, y.data);
  }
};

struct BatchNorm : BatchNormBase {
  void forward(In<0> x, In<1> gamma, In<2> beta, OptionalIn<3> residual, Out y, Saved<0> saved) const {
    normalized(false, x, gamma, beta, residual, y, BatchStatistics(saved));
  }
  void backward(In<0> x, In<1> gamma, Grad dy, Saved<0> saved, Into<0> dx, Into<1> dgamma, Into<2> dbeta, Into<3> dresidual) const {
    const BatchStatistics statistics(saved);
    batch_norm_gradients(statistics, statistics.with(gamma.data, nullptr), over_batch, x, nullptr, dy.data, {dx, dgamma, dbeta, dresidual});
  }
};

struct BatchNormRelu : BatchNormBase {
  void forward(In<0> x, In<1> gamma, In<2> beta, OptionalIn<3> residual, Out y, Saved<0> saved) const {
    normalized(true, x, gamma, beta, residual, y, BatchStatistics(saved));
  }
  void backward(In<0> x, In<1> gamma, Out y, Grad dy, Saved<0> saved, Into<0> dx, Into<1> dgamma, Into<2> dbeta, Into<3> dresidual) const {
    const BatchStatistics statistics(saved);
    batch_norm_gradients(statistics, statistics.with(gamma.data, nullptr), over_batch, x, y.data, dy.data, {dx, dgamma, dbeta, dresidual});
  }
};

}  // namespace

Tensor batch_norm(Tensor x, Tensor gamma, Tensor beta, const RunningStatistics& running, const BatchNormOptions& options, Tensor residual) {
  check_options("batch_norm", options);
  const auto apply = [&](auto op) {
    return Tape::apply(std::move(op), std::move(x), std::move(gamma), std::move(beta), std::move(residual));
  };
  const BatchNormBase base{running, options, Tape::recording() && !options.frozen};
  return options.relu ? apply(BatchNormRelu{base}) : apply(BatchNorm{base});
}

}  // namespace temper
