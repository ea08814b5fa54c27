#include "core/ops/batch_norm.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/random.h"
#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/elementwise.h"
#include "core/ops/mean.h"
#include "tests/check_op.h"
#include "tests/core/ops/running.h"

namespace temper {
namespace {

using reference::Array;

// x, gamma, beta -> y, with the statistics of the batch.
Array over_batch(std::span<const Array> inputs, double epsilon) {
  const Array& x = inputs[0];
  Array y(x.shape);
  const Index C = x.shape.last(), n = x.shape.rows();
  for (Index c = 0; c < C; ++c) {
    double mean = 0, variance = 0;
    for (Index i = 0; i < n; ++i) mean += x[i * C + c] / static_cast<double>(n);
    for (Index i = 0; i < n; ++i) variance += std::pow(x[i * C + c] - mean, 2) / static_cast<double>(n);
    for (Index i = 0; i < n; ++i) y[i * C + c] = inputs[1][c] * (x[i * C + c] - mean) / std::sqrt(variance + epsilon) + inputs[2][c];
  }
  return y;
}

// Training, whether or not a tape is there already.
Tensor train(std::span<Tensor> x, Running& running, const BatchNormOptions& options = {}) {
  if (Tape::recording()) return batch_norm(std::move(x[0]), std::move(x[1]), std::move(x[2]), running.views(), options);
  const Tape tape;
  return batch_norm(std::move(x[0]), std::move(x[1]), std::move(x[2]), running.views(), options);
}

Tensor values(const Shape& shape, const std::vector<float>& list) { return {shape, list}; }
Tensor constant(Index channels, float value) {
  return values(Shape{channels}, std::vector<float>(static_cast<std::size_t>(channels), value));
}

TEST_CASE("batch_norm: training") {
  for (const Shape& x : {Shape{3, 5, 4, 2}, Shape{2, 3}, Shape{17, 1}, Shape{1, 4, 4, 3}, Shape{1, 1, 2, 5}, Shape{3, 7, 3}}) {
    CAPTURE(x);
    const Index C = x.last();
    Running running(C);
    // Two values are normalised to -1 and 1 but for epsilon, whatever they are: dx is what is left over, 1e-5, of terms up to 10, where
    // float32 has its last digit at 1e-6. That is 1e-3 of the scale's least value, 1e-3. A large epsilon is checked in full below.
    const double tolerance = x.rows() == 2 ? 1e-3 : 1e-6;
    check_op({.inputs = {x, Shape{C}, Shape{C}},
              .op = [&](auto t) { return train(t, running); },
              .reference = [](auto a) { return over_batch(a, double{1e-5f}); },
              .tolerance = tolerance});
    check_op({.inputs = {x, Shape{C}, Shape{C}},
              .op = [&](auto t) { return train(t, running, {.epsilon = 0.5f}); },
              .reference = [](auto a) { return over_batch(a, 0.5); }});
  }
}

TEST_CASE("batch_norm: the residual's gradient is added to one that is there, where that of x is the first, and the other way round") {
  const Shape shape{4, 3};
  for (const bool residual_first : {true, false}) {
    CAPTURE(residual_first);
    ParameterStore store;
    const auto declare = [&](const char* name) -> Parameter& {
      return store.root().declare({.name = name, .shape = shape, .initialize = [](const View& value, const Random& random) {
                                     for (Index i = 0; i < value.size(); ++i)
                                       value[i] = static_cast<float>(random.below(static_cast<std::uint64_t>(i), 9));
                                   }});
    };
    Parameter &x = declare("x"), &residual = declare("residual");
    store.commit({});
    const std::vector<float> ones(3, 1), zeros(3, 0);
    Running running(3);
    Tape tape;
    const Tensor y = batch_norm(Tensor(x), Tensor({3}, ones), Tensor({3}, zeros), running.views(), {}, Tensor(residual));
    tape.backward(mean(add(y, Tensor(residual_first ? residual : x))));
    // The gradient of a mean through a batch normalisation is 0 for x and 1/12 for the residual.
    for (Index i = 0; i < 12; ++i) {
      CHECK(residual.gradient[i] == doctest::Approx((residual_first ? 2 : 1) / 12.0));
      CHECK(x.gradient[i] == doctest::Approx(residual_first ? 0 : 1 / 12.0).epsilon(1e-5));
    }
  }
}

// The forms that do more in the same pass: a residual added, a ReLU behind, on the batch's and on running statistics; channels that fill
// vectors and that do not, more rows than a block of float32 sums.
TEST_CASE("batch_norm: with residual and relu") {
  for (const Shape& x : {Shape{3, 3, 4, 2}, Shape{7, 16}, Shape{5, 2, 2, 33}, Shape{1100, 1}}) {
    for (const bool relu : {true, false}) {
      for (const bool frozen : {true, false}) {
        CAPTURE(x);
        CAPTURE(relu);
        CAPTURE(frozen);
        const Index C = x.last();
        Running running(C);
        const BatchNormOptions options{.epsilon = 0.1f, .frozen = frozen, .relu = relu};
        check_op({.inputs = {x, Shape{C}, Shape{C}, x},
                  .op =
                      [&](auto t) {
                        const auto apply = [&] {
                          return batch_norm(std::move(t[0]), std::move(t[1]), std::move(t[2]), running.views(), options, std::move(t[3]));
                        };
                        if (Tape::recording()) return apply();
                        const Tape tape;
                        return apply();
                      },
                  .reference =
                      [&](auto a) {
                        Array y(x);
                        if (frozen) {
                          for (Index i = 0; i < y.size(); ++i) y[i] = a[1][i % C] * a[0][i] / std::sqrt(1 + double{0.1f}) + a[2][i % C];
                        } else {
                          y = over_batch(a, double{0.1f});
                        }
                        for (Index i = 0; i < y.size(); ++i) y[i] = relu ? std::max(0.0, y[i] + a[3][i]) : y[i] + a[3][i];
                        return y;
                      },
                  .tolerance = x.rows() > 1000 ? 4e-6 : 1e-6});  // dgamma is a sum of a thousand terms that cancel
      }
    }
  }
  const Tensor x(Shape{4, 3}), y(Shape{3, 4}), channels(Shape{3});
  Running running(3);
  CHECK_THROWS_WITH_AS(batch_norm(x, channels, channels, running.views(), {}, y), doctest::Contains("residual (3,4)"), Error);
}

TEST_CASE("batch_norm: evaluation, and frozen on a tape") {
  for (const Shape& x : {Shape{3, 5, 4, 2}, Shape{1, 3}, Shape{1, 1, 1, 4}}) {
    CAPTURE(x);
    const Index C = x.last();
    Running running(C);
    for (std::size_t c = 0; c < running.mean.size(); ++c) {
      running.mean[c] = 0.3f * static_cast<float>(c) - 0.2f;
      running.variance[c] = 0.5f + static_cast<float>(c);
    }
    const Running before = running;
    check_op(
        {.inputs = {x, Shape{C}, Shape{C}},
         .op = [&](auto t) { return batch_norm(std::move(t[0]), std::move(t[1]), std::move(t[2]), running.views(), {.frozen = true}); },
         .reference =
             [&](auto a) {
               Array y(a[0].shape);
               for (Index i = 0; i < y.size(); ++i) {
                 const Index c = i % C;
                 const double mean = before.mean[static_cast<std::size_t>(c)], variance = before.variance[static_cast<std::size_t>(c)];
                 y[i] = a[1][c] * (a[0][i] - mean) / std::sqrt(variance + double{1e-5f}) + a[2][c];
               }
               return y;
             }});
    CHECK(running.mean == before.mean);
    CHECK(running.variance == before.variance);
  }
}

// Case 14.
TEST_CASE("batch_norm: the running statistics and their momentum") {
  const Tensor x = values({3, 4}, {2, 15, 2, 1, 2, 17, 2, 1, -4, -2, -2, -1});
  const auto is = [](const std::vector<float>& actual, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < expected.size(); ++i) CHECK(actual[i] == doctest::Approx(expected[i]).epsilon(1e-6));
  };
  for (const float momentum : {1.0f, 0.1f}) {
    Running running(4);
    {
      const Tape tape;
      const Tensor y = batch_norm(x, constant(4, 1), constant(4, 0), running.views(), {.momentum = momentum});
      const double biased[] = {8, 218.0 / 3, 32.0 / 9, 8.0 / 9}, mean[] = {0, 10, 2.0 / 3, 1.0 / 3};
      for (Index i = 0; i < 12; ++i) {
        CHECK(y.data()[i] == doctest::Approx((x.data()[i] - mean[i % 4]) / std::sqrt(biased[i % 4] + 1e-5)).epsilon(1e-6));
      }
      const Tape::Pause pause;
      const Running trained = running;
      batch_norm(x, constant(4, 1), constant(4, 0), running.views(), {.momentum = momentum});
      CHECK(running.mean == trained.mean);  // a pause evaluates
      CHECK(running.variance == trained.variance);
    }
    if (momentum == 1.0f) {
      is(running.mean, {0, 10, 2.0 / 3, 1.0 / 3});
      is(running.variance, {12, 109, 16.0 / 3, 4.0 / 3});
    } else {
      is(running.mean, {0, 1, 0.2 / 3, 0.1 / 3});
      is(running.variance, {2.1, 11.8, 0.9 + 1.6 / 3, 0.9 + 0.4 / 3});
    }
  }
}

// Case 15.
TEST_CASE("batch_norm: one value a channel") {
  Running running(3);
  const Tensor gamma = constant(3, 1), beta = constant(3, 0);
  {
    const Tape tape;
    CHECK_THROWS_WITH_AS(
        batch_norm(Tensor(Shape{1, 3}), gamma, beta, running.views()),
        doctest::Contains("batch_norm: training on an input (1,3) needs at least 2 values a channel, but there is 1; use a"), Error);
    CHECK_THROWS_WITH_AS(batch_norm(Tensor(Shape{1, 1, 1, 3}), gamma, beta, running.views()), doctest::Contains("(1,1,1,3)"), Error);
    CHECK_THROWS_WITH_AS(batch_norm(Tensor(Shape{0, 3}), gamma, beta, running.views()), doctest::Contains("(0,3)"), Error);
  }
  CHECK(running.mean == std::vector<float>(3, 0.0f));
  CHECK(running.variance == std::vector<float>(3, 1.0f));
  const Tensor y = batch_norm(values({1, 3}, {1, 2, 3}), gamma, beta, running.views());
  for (Index c = 0; c < 3; ++c) CHECK(y.data()[c] == doctest::Approx(static_cast<double>(c + 1) / std::sqrt(1 + 1e-5)));
  CHECK(batch_norm(Tensor(Shape{0, 3}), gamma, beta, running.views()).shape() == Shape{0, 3});
  const Tape tape;
  batch_norm(values({2, 3}, {1, 2, 3, 3, 2, 1}), gamma, beta, running.views(), {.momentum = 1});
  CHECK(running.variance == std::vector<float>{2, 0, 2});
}

// The mean is a million standard deviations from 0, and the first row is an outlier.
TEST_CASE("batch_norm: a large mean and a small deviation") {
  const Index n = 40000;
  const Random random(1, {2});
  for (const float centre : {1e4f, -3e5f}) {
    std::vector<float> list(static_cast<std::size_t>(n));
    for (Index i = 0; i < n; ++i) {
      list[static_cast<std::size_t>(i)] =
          centre + static_cast<float>(0.01 * std::fabs(centre) / 1e4 * random.normal(static_cast<std::uint64_t>(i)));
    }
    list[0] = 0;
    long double mean = 0, squares = 0;
    for (std::size_t i = 0; i < list.size(); ++i) mean += list[i];
    mean /= n;
    for (std::size_t i = 0; i < list.size(); ++i) squares += (list[i] - mean) * (list[i] - mean);
    const long double variance = squares / n;
    Running running(1);
    const Tape tape;
    const Tensor y = batch_norm(values({n, 1}, list), constant(1, 1), constant(1, 0), running.views(), {.momentum = 1});
    CHECK(running.mean[0] == static_cast<float>(mean));
    CHECK(running.variance[0] == doctest::Approx(static_cast<double>(variance * n / (n - 1))).epsilon(1e-6));
    double worst = 0;
    for (Index i = 1; i < n; ++i) {
      const long double expected = (list[static_cast<std::size_t>(i)] - mean) / std::sqrt(variance + 1e-5L);
      worst = std::max(worst, static_cast<double>(std::fabs(y.data()[i] - expected)));
    }
    CHECK(worst < 1e-7);
  }
  // Without the outlier: deviations of a few units in the last place of the values.
  Running running(1);
  const Tape tape;
  const Tensor y = batch_norm(values({4, 1}, {1e4f - 0.0078125f, 1e4f + 0.0078125f, 1e4f - 0.0078125f, 1e4f + 0.0078125f}), constant(1, 1),
                              constant(1, 0), running.views(), {.epsilon = 1e-12f, .momentum = 1});
  for (Index i = 0; i < 4; ++i) CHECK(y.data()[i] == doctest::Approx(i % 2 ? 1 : -1).epsilon(1e-6));
}

TEST_CASE("batch_norm: many rows, the same bits on every number of threads") {
  const Index n = 70001, C = 3;
  std::vector<float> list(static_cast<std::size_t>(n * C));
  const Random random(3, {1});
  for (std::size_t i = 0; i < list.size(); ++i) list[i] = static_cast<float>(random.normal(i));
  std::vector<float> first;
  const int before = threads();
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    Running running(C);
    const Tape tape;
    batch_norm(values({n, C}, list), constant(C, 1), constant(C, 0), running.views());
    std::vector<float> all = running.mean;
    all.insert(all.end(), running.variance.begin(), running.variance.end());
    if (first.empty()) first = all;
    CHECK(all == first);
  }
  set_threads(before);
}

TEST_CASE("batch_norm: NaN stays NaN, and in its channel") {
  Running running(2);
  const Tape tape;
  const Tensor y = batch_norm(values({3, 2}, {1, 1, NAN, 2, 3, 4}), constant(2, 1), constant(2, 0), running.views());
  for (Index i = 0; i < 6; ++i) CHECK(std::isnan(y.data()[i]) == (i % 2 == 0));
  CHECK(std::isnan(running.variance[0]));
}

TEST_CASE("batch_norm: what does not fit is refused") {
  Running running(3), other(2);
  const Tensor x(Shape{4, 3}), gamma = constant(3, 1), beta = constant(3, 0);
  CHECK_THROWS_WITH_AS(batch_norm(x, gamma, constant(2, 0), running.views()), doctest::Contains("(4,3) does not fit gamma (3), beta (2)"),
                       Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, gamma, beta, other.views()), doctest::Contains("running mean (2)"), Error);
  CHECK_THROWS_WITH_AS(batch_norm(Tensor(Shape{3}), gamma, beta, running.views()), doctest::Contains("(3) has no batch"), Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, gamma, beta, running.views(), {.momentum = NAN}), doctest::Contains("momentum"), Error);
  CHECK_THROWS_WITH_AS(batch_norm(x, gamma, beta, running.views(), {.epsilon = 0}), doctest::Contains("epsilon 0"), Error);
}

}  // namespace
}  // namespace temper
