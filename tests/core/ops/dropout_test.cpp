#include "core/ops/dropout.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/engine/tape.h"
#include "tests/check_op.h"

namespace temper {
namespace {

using reference::Array;

// The documented rule, in plain words.
bool dropped(const Random& random, Index i, float rate) {
  const std::uint32_t word = random.block(static_cast<std::uint64_t>(i / 4))[static_cast<std::size_t>(i % 4)];
  return static_cast<double>(word) < static_cast<double>(rate) * 4294967296.0;
}

// On a tape, whether or not one is there already.
Tensor train(Tensor x, float rate, const Random& random) {
  if (Tape::recording()) return dropout(std::move(x), rate, random);
  const Tape tape;
  return dropout(std::move(x), rate, random);
}

TEST_CASE("dropout: the mask of its rule, forward and backward") {
  const Random random(9, {4, 2});
  for (const float rate : {0.0f, 0.1f, 0.5f, 0.8f, 1.0f}) {
    for (const Shape& shape : {Shape{3, 5, 7, 2}, Shape{1}, Shape{7}, Shape{9, 11}}) {
      CAPTURE(rate);
      CAPTURE(shape);
      check_op({.inputs = {shape},
                .op = [&](auto x) { return train(std::move(x[0]), rate, random); },
                .reference =
                    [&](auto x) {
                      Array y(x[0].shape);
                      for (Index i = 0; i < y.size(); ++i) y[i] = dropped(random, i, rate) ? 0 : x[0][i] / (1 - static_cast<double>(rate));
                      return y;
                    }});
    }
  }
}

Tensor train_sum(Tensor x, Tensor branch, float rate, const Random& random) {
  if (Tape::recording()) return add_dropout(std::move(x), std::move(branch), rate, random);
  const Tape tape;
  return add_dropout(std::move(x), std::move(branch), rate, random);
}

TEST_CASE("add_dropout: a sum whose second part is dropped; with no tape all of it is there") {
  const Random random(9, {4, 2});
  for (const float rate : {0.0f, 0.3f, 1.0f}) {
    for (const Shape& shape : {Shape{1}, Shape{7, 11}, Shape{3, 5, 7}}) {
      CAPTURE(rate);
      check_op({.inputs = {shape, shape},
                .op = [&](auto x) { return train_sum(std::move(x[0]), std::move(x[1]), rate, random); },
                .reference =
                    [&](auto x) {
                      Array y(shape);
                      for (Index i = 0; i < y.size(); ++i)
                        y[i] = x[0][i] + (dropped(random, i, rate) ? 0 : x[1][i] / (1 - static_cast<double>(rate)));
                      return y;
                    }});
    }
  }
  const Tensor y = add_dropout(Tensor(Shape{2}, std::vector<float>{1, 2}), Tensor(Shape{2}, std::vector<float>{10, 20}), 0.5f, random);
  CHECK(y.values()[0] == 11);
  CHECK(y.values()[1] == 22);
  CHECK_THROWS_AS(add_dropout(Tensor(Shape{2}), Tensor(Shape{3}), 0.5f, random), Error);
  CHECK_THROWS_AS(add_dropout(Tensor(Shape{2}), Tensor(Shape{2}), 1.5f, random), Error);
}

std::vector<float> ones_after(float rate, const Random& random, Index count) {
  const std::vector<float> ones(static_cast<std::size_t>(count), 1.0f);
  const Tensor y = train(Tensor(Shape{count}, ones), rate, random);
  return {y.values().begin(), y.values().end()};
}

TEST_CASE("dropout: the share that is dropped, also across chunks") {
  const Index count = 100003;
  for (const float rate : {0.01f, 0.3f, 0.9f}) {
    const Random random(1, {7});
    const std::vector<float> y = ones_after(rate, random, count);
    double zeros = 0;
    for (Index i = 0; i < count; ++i) {
      const float value = y[static_cast<std::size_t>(i)];
      CHECK_MESSAGE((value == 0) == dropped(random, i, rate), i);
      zeros += value == 0 ? 1 : 0;
    }
    const double deviation = std::sqrt(rate * (1 - rate) * static_cast<double>(count));
    CHECK(std::fabs(zeros - rate * static_cast<double>(count)) < 4 * deviation);
  }
}

TEST_CASE("dropout: another stream, another mask; the same stream, the same mask") {
  CHECK(ones_after(0.5f, Random(1, {1}), 64) == ones_after(0.5f, Random(1, {1}), 64));
  CHECK(ones_after(0.5f, Random(1, {1}), 64) != ones_after(0.5f, Random(1, {2}), 64));
  CHECK(ones_after(0.5f, Random(1, {1}), 64) != ones_after(0.5f, Random(2, {1}), 64));
}

TEST_CASE("dropout: with no tape it is the identity, in the same memory") {
  const float values[] = {1, NAN, -3};
  const Tensor x(Shape{3}, values);
  CHECK(dropout(x, 0.9f, Random(1, {1})).data() == x.data());
  const Tape tape;
  const Tape::Pause pause;
  CHECK(dropout(x, 0.9f, Random(1, {1})).data() == x.data());
}

TEST_CASE("dropout: what is dropped is 0, whatever it was") {
  const float values[] = {NAN, INFINITY};
  const Tensor y = train(Tensor(Shape{2}, values), 1, Random(1, {1}));
  CHECK(y.data()[0] == 0);
  CHECK(y.data()[1] == 0);
}

TEST_CASE("dropout: a rate outside 0..1 is refused, on a tape or not") {
  const Tensor x(Shape{2});
  for (const float rate : {-0.1f, 1.5f, NAN}) {
    CHECK_THROWS_WITH_AS(dropout(x, rate, Random(1, {1})), doctest::Contains("is not in 0..1"), Error);
    const Tape tape;
    CHECK_THROWS_WITH_AS(dropout(x, rate, Random(1, {1})), doctest::Contains("is not in 0..1"), Error);
  }
}

}  // namespace
}  // namespace temper
