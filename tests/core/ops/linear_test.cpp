#include "core/ops/linear.h"

#include <doctest/doctest.h>

#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

Array reference_linear(const Array& x, const Array& w, const Array* b) {
  const Index N = x.shape[0], D = x.shape[1], K = w.shape[0];
  Array y({N, K});
  for (Index n = 0; n < N; ++n) {
    for (Index k = 0; k < K; ++k) {
      y[n * K + k] = b ? (*b)[k] : 0;
      for (Index d = 0; d < D; ++d) y[n * K + k] += x[n * D + d] * w[k * D + d];
    }
  }
  return y;
}

TEST_CASE("linear: products, and a bias whose gradient sums the rows") {
  struct Case {
    Index N, D, K;
  };
  for (const Case& c : {Case{1, 1, 1}, Case{5, 3, 2}, Case{3, 0, 2}, Case{130, 2, 35}, Case{300, 1, 18}, Case{20, 16, 1}}) {
    const Index N = c.N, D = c.D, K = c.K;
    CAPTURE(N);
    check_op({.inputs = {{N, D}, {K, D}, {K}},
              .op = [](auto x) { return linear(std::move(x[0]), std::move(x[1]), std::move(x[2])); },
              .reference = [](auto x) { return reference_linear(x[0], x[1], &x[2]); },
              .tolerance = 2e-6});
    check_op({.inputs = {{N, D}, {K, D}},
              .op = [](auto x) { return linear(std::move(x[0]), std::move(x[1])); },
              .reference = [](auto x) { return reference_linear(x[0], x[1], nullptr); },
              .tolerance = 2e-6});
  }
}

}  // namespace
}  // namespace temper
