#include "layers/dropout.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/engine/tape.h"
#include "layers/random_scope.h"
#include "tests/layers/tensors.h"

namespace temper {
namespace {

const Tensor& ones() {
  static const std::vector<float> values(1000, 1.0f);
  static const Tensor tensor({10, 100}, values);
  return tensor;
}

// What two layers drop in a step.
struct Dropped {
  std::vector<float> first, second;
  bool operator==(const Dropped&) const = default;
};
Dropped step(const Random& stream) {
  const layers::Dropout dropout(0.5f);
  const Tape tape;
  const layers::RandomScope random_scope(stream);
  return {values_of(dropout(ones())), values_of(dropout(ones()))};
}

}  // namespace

TEST_CASE("dropout layer: evaluation and rate 0 change nothing and need no noise") {
  const layers::Dropout half(0.5f), none(0);
  check_same(half(ones()), ones());
  const Tape tape;
  check_same(none(ones()), ones());
  const Tape::Pause pause;
  check_same(half(ones()), ones());
}

TEST_CASE("dropout layer: of x and a branch the branch alone is dropped") {
  const layers::Dropout half(0.5f);
  const Tensor zeros({10, 100}, std::vector<float>(1000, 0.0f));
  const Tape tape;
  const layers::RandomScope random_scope(Random(1, {7}));
  check_same(half(ones(), zeros), ones());
}

TEST_CASE("dropout layer: drops its share on a tape and keeps the mean") {
  const layers::Dropout quarter(0.25f);
  const Tape tape;
  const layers::RandomScope random_scope(Random(1, {7}));
  const std::vector<float> y = values_of(quarter(ones()));
  const auto dropped = std::count(y.begin(), y.end(), 0.0f);
  CHECK(dropped > 200);
  CHECK(dropped < 300);
  CHECK(std::count(y.begin(), y.end(), 1 / 0.75f) == 1000 - dropped);
}

TEST_CASE("dropout layer: layers, steps and seeds drop different elements, the same stream the same") {
  const Dropped now = step(Random(1, {7}));
  CHECK(now == step(Random(1, {7})));  // as after a resume
  CHECK(now.first != now.second);
  for (const Random& other : {Random(1, {8}), Random(2, {7}), Random(1, {7, 0})}) {
    CHECK(now.first != step(other).first);
    CHECK(now.second != step(other).second);
  }
}

TEST_CASE("dropout layer: a teacher under Pause does not move the student's noise") {
  const layers::Dropout dropout(0.5f);
  const Tape tape;
  const layers::RandomScope random_scope(Random(1, {7}));
  Dropped paused;
  paused.first = values_of(dropout(ones()));
  {
    const Tape::Pause pause;
    dropout(ones());
  }
  paused.second = values_of(dropout(ones()));
  CHECK(paused == step(Random(1, {7})));
}

TEST_CASE("dropout layer: noise nests and ends with its scope") {
  const layers::Dropout dropout(0.5f);
  const Tape tape;
  const layers::RandomScope random_scope(Random(1, {7}));
  Dropped nested;
  nested.first = values_of(dropout(ones()));
  step(Random(9, {9}));
  nested.second = values_of(dropout(ones()));
  CHECK(nested == step(Random(1, {7})));
}

TEST_CASE("dropout layer: without noise a training step is refused") {
  const layers::Dropout dropout(0.5f);
  const Tape tape;
  CHECK_THROWS_WITH_AS(dropout(ones()), doctest::Contains("layers::RandomScope"), Error);
}

TEST_CASE("dropout layer: refuses rates that cannot be") {
  for (const float rate : {-0.1f, 1.0f, 1.5f, std::numeric_limits<float>::quiet_NaN()}) CHECK_THROWS_AS(layers::Dropout{rate}, Error);
}

}  // namespace temper
