#include "core/ops/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/kernels/softmax.h"

namespace temper {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNaN = std::numeric_limits<float>::quiet_NaN();

Shape checked(const char* op, const Shape& x) {
  TEMPER_CHECK(x.rank() >= 1 && x.last() >= 1, op, ": an input ", x, " has no classes; its last axis must have at least one");
  return x;
}

// body(first element) for every row, on all threads.
template <class Body> void for_each_row(const Shape& shape, Body body) {
  const Index K = shape.last();
  parallel_for(shape.rows(), row_grain(K), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) body(row * K);
  });
}

struct Softmax {
  static constexpr auto name = "softmax";

  Shape shape(const Shape& x) const { return checked(name, x); }

  void forward(In<0> x, OutOver<0> y) const {
    const Index K = x.shape.last();
    for_each_row(x.shape, [&](Index first) { row(x.data + first, y.data + first, K); });
  }

  void backward(Out y, Grad dy, IntoOver<0> dx) const {
    const Index K = y.shape.last();
    for_each_row(y.shape, [&](Index first) {
      double dot = 0;
      for (Index i = first; i < first + K; ++i) dot += double{dy[i]} * y[i];
      for (Index i = first; i < first + K; ++i) dx.store(i, static_cast<float>(y[i] * (dy[i] - dot)));
    });
  }

 private:
  static void row(const float* x, float* y, Index K) {
    const float max = maximum(x, K);
    if (std::all_of(x, x + K, [](float value) { return value == -kInfinity; })) {
      std::fill_n(y, K, 0.0f);
      return;
    }
    const ExponentialSums sums = exponentials(x, K, 1, max, y);
    const float factor = std::isnan(sums.shifted) ? kNaN : static_cast<float>(1 / sums.sum);
    for (Index k = 0; k < K; ++k) y[k] *= factor;
  }
};

struct LogSoftmax {
  static constexpr auto name = "log_softmax";

  Shape shape(const Shape& x) const { return checked(name, x); }

  void forward(In<0> x, OutOver<0> y) const {
    const Index K = x.shape.last();
    for_each_row(x.shape, [&](Index first) {
      Workspace scratch;
      const float max = maximum(x.data + first, K);
      const ExponentialSums sums = exponentials(x.data + first, K, 1, max, scratch.take(K));
      const double log_sum = std::isnan(sums.shifted) ? double{kNaN} : std::log(sums.sum);
      for (Index i = first; i < first + K; ++i) y[i] = static_cast<float>((double{x[i]} - max) - log_sum);
    });
  }

  void backward(Out y, Grad dy, IntoOver<0> dx) const {
    const Index K = y.shape.last();
    for_each_row(y.shape, [&](Index first) {
      double sum = 0;
      for (Index i = first; i < first + K; ++i) sum += dy[i];
      for (Index i = first; i < first + K; ++i) dx.store(i, static_cast<float>(dy[i] - std::exp(y[i]) * sum));
    });
  }
};

}  // namespace

Tensor softmax(Tensor x) { return Tape::apply(Softmax{}, std::move(x)); }
Tensor log_softmax(Tensor x) { return Tape::apply(LogSoftmax{}, std::move(x)); }

}  // namespace temper
