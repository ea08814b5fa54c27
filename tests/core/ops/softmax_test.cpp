#include "core/ops/softmax.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/engine/parameters.h"
#include "core/engine/tape.h"
#include "core/kernels/simd_targets.h"
#include "tests/check_op.h"
#include "tests/core/ops/logits.h"

namespace temper {
namespace {

using reference::Array;

Array reference_softmax(const Array& x, bool logarithm) {
  const Index K = x.shape.last();
  Array y(x.shape);
  for (Index first = 0; first < x.size(); first += K) {
    double sum = 0;
    for (Index i = first; i < first + K; ++i) sum += std::exp(x[i]);
    for (Index i = first; i < first + K; ++i) y[i] = logarithm ? x[i] - std::log(sum) : std::exp(x[i]) / sum;
  }
  return y;
}

TEST_CASE("softmax and log_softmax") {
  for (const Shape& shape :
       {Shape{1}, Shape{2}, Shape{1, 1}, Shape{5, 1}, Shape{5, 3}, Shape{17, 10}, Shape{2, 3, 37}, Shape{2, 3, 2, 5}, Shape{0, 3}}) {
    CAPTURE(shape);
    check_op({.inputs = {shape},
              .op = [](auto x) { return softmax(std::move(x[0])); },
              .reference = [](auto x) { return reference_softmax(x[0], false); }});
    check_op({.inputs = {shape},
              .op = [](auto x) { return log_softmax(std::move(x[0])); },
              .reference = [](auto x) { return reference_softmax(x[0], true); }});
  }
}

void check_row(Tensor (*op)(Tensor), const std::vector<float>& x, const std::vector<double>& expected) {
  CAPTURE(x[0]);
  const Tensor y = op(Tensor(Shape{static_cast<Index>(x.size())}, x));
  for (std::size_t k = 0; k < x.size(); ++k) {
    CAPTURE(k);
    if (std::isnan(expected[k])) {
      CHECK(std::isnan(y.values()[k]));
    } else if (std::isinf(expected[k])) {
      CHECK(y.values()[k] == expected[k]);
    } else {
      CHECK(y.values()[k] == doctest::Approx(expected[k]).epsilon(3e-7));
    }
  }
}

TEST_CASE("softmax: PyTorch's values") {
  check_row(softmax, {0.3f, -1.2f, 2, 0.7f}, {0.12211649004, 0.02724787197, 0.66845924215, 0.18217639583});          // F.softmax(x, 0)
  check_row(log_softmax, {0.3f, -1.2f, 2, 0.7f}, {-2.10277985341, -3.60277985341, -0.40277985341, -1.70277985341});  // F.log_softmax(x, 0)
}

TEST_CASE("softmax: large logits") {
  check_row(softmax, {1e8f, 1e8f}, {0.5, 0.5});
  check_row(log_softmax, {1e8f, 1e8f}, {-std::log(2.0), -std::log(2.0)});
  check_row(log_softmax, {-781.1664f, -1043.7303f, 890.2518f}, {-1671.4182, -1933.9821, 0});
  check_row(softmax, {1000, 0, -1000}, {1, 0, 0});
  check_row(softmax, {-3e38f, 3e38f}, {0, 1});
}

TEST_CASE("softmax: the largest logit is found at any place, on every instruction set") {
  for (const SimdTarget& target : simd_targets()) {
    CAPTURE(target.name);
    const ForcedSimdTarget forced(target);
    for (const Index K : {1, 3, 16, 40, 100, 1100}) {
      for (Index place = 0; place<K; place += K> 1000 ? 37 : 1) {
        std::vector<float> x(static_cast<std::size_t>(K), -3e38f);
        x[static_cast<std::size_t>(place)] = 3e38f;
        const Tensor row(Shape{K}, x), p = softmax(row), log_p = log_softmax(row);
        REQUIRE(p.data()[place] == 1);
        REQUIRE(log_p.data()[place] == 0);
      }
    }
  }
}

TEST_CASE("softmax: infinity and NaN") {
  check_row(softmax, {-kInfinity, 0, 0}, {0, 0.5, 0.5});
  check_row(log_softmax, {-kInfinity, 0, 0}, {-kInfinity, -std::log(2.0), -std::log(2.0)});
  for (const auto op : {softmax, log_softmax}) {
    check_row(op, {kInfinity, 0, 0}, {NAN, NAN, NAN});
    check_row(op, {0, NAN, 0}, {NAN, NAN, NAN});
    check_row(op, {NAN, -kInfinity, -kInfinity}, {NAN, NAN, NAN});
    check_row(op, {NAN}, {NAN});
  }
  check_row(log_softmax, {-kInfinity, -kInfinity}, {NAN, NAN});
}

// loss = sum_i i y_i: every element has a gradient of its own.
struct RampSum {
  static constexpr auto name = "test ramp sum";
  Shape shape(const Shape&) const { return {}; }
  void forward(In<0> y, Out loss) const {
    loss[0] = 0;
    for (Index i = 0; i < y.size(); ++i) loss[0] += static_cast<float>(i) * y[i];
  }
  void backward(Grad d, Into<0> dy) const {
    for (Index i = 0; i < dy.size(); ++i) dy.store(i, d[0] * static_cast<float>(i));
  }
};

TEST_CASE("softmax: a fully masked row of attention is 0 and passes no gradient") {
  ParameterStore store;
  Parameter& scores = store.root().declare({.name = "scores", .shape = Shape{2, 3}, .initialize = [](const View& view, const Random&) {
                                              for (Index i = 0; i < 6; ++i) view[i] = i < 3 ? -kInfinity : static_cast<float>(i);
                                            }});
  store.commit({});
  Tape tape;
  const Tensor y = softmax(scores);
  for (Index i = 0; i < 3; ++i) CHECK(y.data()[i] == 0);
  CHECK(y.data()[5] == doctest::Approx(0.665241));
  tape.backward(Tape::apply(RampSum{}, y));
  for (Index i = 0; i < 3; ++i) CHECK(scores.gradient[i] == 0);
  CHECK(scores.gradient[5] != 0);
}

TEST_CASE("softmax: no classes are refused by name") {
  CHECK_THROWS_WITH_AS(softmax(Tensor(Shape{4, 0})), doctest::Contains("softmax: an input (4,0) has no classes"), Error);
  CHECK_THROWS_WITH_AS(log_softmax(Tensor(Shape{})), doctest::Contains("log_softmax: an input () has no classes"), Error);
}

}  // namespace
}  // namespace temper
