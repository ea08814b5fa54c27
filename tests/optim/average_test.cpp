#include "optim/average.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/engine/inference_scope.h"

#include "tests/optim/toy_store.h"
#include "tests/restored.h"

namespace temper {
namespace {

using optim::WeightAverage;

TEST_CASE("average: the arithmetic by hand, for learned values and running statistics") {
  ToyStore toy;
  Parameter& w = toy.add("w", 2, [](Index i) { return static_cast<double>(i + 1); });
  Parameter& mean = toy.add(
      "mean", 1, [](Index) { return 8.0; }, Parameter::Kind::buffer);
  toy.commit();
  WeightAverage average(toy.store);
  w.value[0] = 5, w.value[1] = 10, mean.value[0] = 0;
  average.update(0.75);
  average.exchange();
  CHECK(w.value[0] == 2);  // 3/4 of 1 and 1/4 of 5
  CHECK(w.value[1] == 4);
  CHECK(mean.value[0] == 6);
  average.exchange();
  CHECK(w.value[0] == 5);
  CHECK(mean.value[0] == 0);
  average.update(0.5);
  average.copy_back();
  CHECK(w.value[0] == 3.5f);
  CHECK(mean.value[0] == 3);
  average.update(0);
  CHECK(average.values()[0] == 3.5f);
  w.value[0] = 100;
  average.update(1);
  CHECK(average.values()[0] == 3.5f);
  w.value[0] = 0.1f, average.update(0);
  for (int i = 0; i < 100; ++i) average.update(0.01 * i);
  CHECK(average.values()[0] == 0.1f);  // what does not change does not drift
  for (const double decay : {-0.1, 1.1, std::nan("")}) CHECK_THROWS_AS(average.update(decay), Error);
}

TEST_CASE("average: every element by the definition, far beyond one chunk") {
  ToyStore toy;
  Parameter& w = toy.add("w", 3 * kElementGrain + 5, [](Index i) { return static_cast<double>(i % 1009); });
  toy.commit();
  WeightAverage average(toy.store);
  for (Index i = 0; i < w.value.size(); ++i) w.value[i] = static_cast<float>(i % 997);
  for (const double decay : {0.75, 0.25}) average.update(decay);
  bool right = true;
  for (Index i = 0; i < w.value.size(); ++i) {
    const double old = static_cast<double>(i % 1009), now = static_cast<double>(i % 997);
    right = right && average.values()[static_cast<std::size_t>(i)] == static_cast<float>(0.25 * (0.75 * old + 0.25 * now) + 0.75 * now);
  }
  CHECK(right);
}

TEST_CASE("average: rounded from the nearer end, as torch.lerp") {
  ToyStore toy;
  Parameter& w = toy.add("w", 100, [](Index i) { return std::sin(static_cast<double>(i)); });
  toy.commit();
  for (const double decay : {0.7, 0.51, 0.49, 0.3}) {
    CAPTURE(decay);
    WeightAverage average(toy.store);
    const std::vector<float> old = copy_of(toy.store.values());
    for (Index i = 0; i < 100; ++i) w.value[i] = static_cast<float>(std::cos(static_cast<double>(i)));
    average.update(decay);
    const auto share = static_cast<float>(1 - decay), keep = static_cast<float>(decay);
    for (std::size_t i = 0; i < 100; ++i) {
      const float now = w.value[static_cast<Index>(i)];
      const float expected = decay > 0.5 ? old[i] + share * (now - old[i]) : now - keep * (now - old[i]);
      CHECK(average.values()[i] == expected);
    }
    for (std::size_t i = 0; i < 100; ++i) w.value[static_cast<Index>(i)] = old[i];
  }
}

TEST_CASE("average: the same bits on every number of threads") {
  const ThreadsRestored restore;
  const auto averaged = [](int count) {
    set_threads(count);
    ToyStore toy;
    Parameter& w = toy.add("w", 100'003, [](Index i) { return std::sin(static_cast<double>(i)); });
    toy.commit();
    WeightAverage average(toy.store);
    for (int step = 1; step < 4; ++step) {
      for (Index i = 0; i < w.value.size(); ++i) w.value[i] += static_cast<float>(step) / static_cast<float>(i + 3);
      average.update(optim::moving_average_decay(step, 0.9));
    }
    return copy_of(average.values());
  };
  const std::vector<float> one = averaged(1);
  CHECK(averaged(2) == one);
  CHECK(averaged(3) == one);
}

TEST_CASE("average: what a network packed for evaluation is forgotten when its weights change") {
  for (const bool exchange : {true, false}) {
    ToyStore toy;
    const Parameter& w = toy.add("w", 1, [](Index) { return 1.0; });
    toy.commit();
    const InferenceScope inference_scope;
    const auto packed = [&] {
      float local = 0;
      return InferenceScope::derive(w, local, [&] { return w.value[0]; });
    };
    WeightAverage average(toy.store);
    w.value[0] = 2;
    CHECK(packed() == 2);
    exchange ? average.exchange() : average.copy_back();
    CHECK(packed() == 1);
  }
}

TEST_CASE("average: the decays of the moving average and of lookahead") {
  CHECK(optim::moving_average_decay(0, 0.999) == 0.1);
  CHECK(optim::moving_average_decay(1, 0.999) == doctest::Approx(2.0 / 11));
  CHECK(optim::moving_average_decay(90, 0.999) == doctest::Approx(0.91));
  CHECK(optim::moving_average_decay(100'000, 0.999) == 0.999);
  CHECK(optim::lookahead_decay(0, 100, 5, 0.95) == 0);
  CHECK(optim::lookahead_decay(50, 100, 5, 0.95) == doctest::Approx(0.7737809375 / 8));
  CHECK(optim::lookahead_decay(100, 100, 5, 0.95) == doctest::Approx(0.7737809375));
  CHECK_THROWS_AS(optim::lookahead_decay(1, 0, 5, 0.95), Error);
  CHECK_THROWS_AS(optim::lookahead_decay(2, 1, 5, 0.95), Error);
  ToyStore uncommitted;
  uncommitted.add("w", 1, [](Index) { return 0.0; });
  CHECK_THROWS_WITH_AS(WeightAverage(uncommitted.store), doctest::Contains("commit first"), Error);
}

}  // namespace
}  // namespace temper
