#include "optim/sgd.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/optim/golden.h"

namespace temper {
namespace {

using optim::Sgd;
using optim::SgdOptions;

// Always the gradient 1, from w = 0, rate 0.1.
std::vector<float> constant_gradient_run(const SgdOptions& options, int steps) {
  ToyStore toy;
  Parameter& w = toy.add("w", 1, [](Index) { return 0.0; });
  toy.commit();
  Sgd sgd(toy.store, options);
  std::vector<float> run;
  for (int t = 0; t < steps; ++t) {
    set_gradient(w, [](Index) { return 1.0; });
    sgd.step(0.1f);
    run.push_back(w.value[0]);
  }
  return run;
}

}  // namespace

TEST_CASE("sgd: the numbers of PyTorch") {
  // run(lambda w: torch.optim.SGD([w], 0.1))
  check_golden<Sgd>(SgdOptions{}, {-0.928750038f, 0.181249991f, -0.752499998f, 0.467500001f, -0.535000026f, 0.78125f});
  // run(lambda w: torch.optim.SGD([w], 0.1, weight_decay=0.01))
  check_golden<Sgd>(SgdOptions{.weight_decay = 0.01},
                    {-0.926174939f, 0.180658102f, -0.750505626f, 0.466231227f, -0.533600032f, 0.779166937f});
  // run(lambda w: torch.optim.SGD([w], 0.1, momentum=0.9))
  check_golden<Sgd>(SgdOptions{.momentum = 0.9}, {-0.825025022f, 0.113479987f, -0.732880056f, 0.399774969f, -0.574735045f, 0.828904986f});
  // run(lambda w: torch.optim.SGD([w], 0.1, momentum=0.9, weight_decay=0.01))
  check_golden<Sgd>(SgdOptions{.momentum = 0.9, .weight_decay = 0.01},
                    {-0.820319891f, 0.112386368f, -0.729243219f, 0.397479713f, -0.572180331f, 0.825078845f});
}

TEST_CASE("sgd: dampening starts with the second step, as in PyTorch") {
  // run(lambda w: torch.optim.SGD([w], 0.1, momentum=0.9, dampening=0.9))
  check_golden<Sgd>(SgdOptions{.momentum = 0.9, .dampening = 0.9},
                    {-0.844645023f, 0.18120499f, -0.693145037f, 0.352120012f, -0.535044968f, 0.840605021f});
  // run(lambda w: torch.optim.SGD([w], 0.1, momentum=0.9, dampening=0.5, weight_decay=0.1))
  check_golden<Sgd>(SgdOptions{.momentum = 0.9, .dampening = 0.5, .weight_decay = 0.1},
                    {-0.800258875f, 0.142473668f, -0.683602095f, 0.355872184f, -0.533979654f, 0.807204604f});
}

TEST_CASE("sgd: Nesterov, the numbers of PyTorch") {
  // run(lambda w: torch.optim.SGD([w], 0.1, momentum=0.9, nesterov=True, weight_decay=0.01))
  check_golden<Sgd>(SgdOptions{.momentum = 0.9, .nesterov = true, .weight_decay = 0.01},
                    {-0.764758289f, 0.0569919236f, -0.731905162f, 0.37416923f, -0.598451614f, 0.846594572f});
}

TEST_CASE("sgd: momentum under a constant gradient") {
  const std::vector<float> run = constant_gradient_run({.momentum = 0.9}, 4);
  const std::array<float, 4> expected = {-0.1f, -0.29f, -0.561f, -0.9049f};
  for (std::size_t t = 0; t < expected.size(); ++t) CHECK(run[t] == doctest::Approx(expected[t]).epsilon(1e-7));
  CHECK(run[0] == -0.1f);
}

TEST_CASE("sgd: weight decay by kind and factor") {
  check_decay<Sgd>(SgdOptions{});
  check_decay<Sgd>(SgdOptions{.momentum = 0.9});
  check_decay<Sgd>(SgdOptions{.momentum = 0.9, .dampening = 0.9});
}

TEST_CASE("sgd: a resumed run ends in the same bits") {
  check_resume<Sgd>(SgdOptions{.weight_decay = 0.01});
  check_resume<Sgd>(SgdOptions{.momentum = 0.9, .dampening = 0.5});
  check_resume<Sgd>(SgdOptions{.momentum = 0.9, .nesterov = true});
}

TEST_CASE("sgd: every element of every chunk as if it were alone") {
  check_chunks<Sgd>(SgdOptions{.weight_decay = 0.1, .decay_norm_and_bias = false});
  check_chunks<Sgd>(SgdOptions{.momentum = 0.9, .nesterov = true, .weight_decay = 0.1});
}

TEST_CASE("sgd: every number of threads computes the same bits") {
  check_thread_counts<Sgd>(SgdOptions{.weight_decay = 0.01});
  check_thread_counts<Sgd>(SgdOptions{.momentum = 0.9, .nesterov = true, .weight_decay = 0.01});
}

TEST_CASE("sgd: a clip's scale within the step is the same as clipping before it") {
  check_clipped<Sgd>(SgdOptions{.weight_decay = 0.01});
  check_clipped<Sgd>(SgdOptions{.momentum = 0.9, .weight_decay = 0.01});
  check_clipped<Sgd>(SgdOptions{.momentum = 0.9, .nesterov = true});
}

TEST_CASE("sgd: a step asks for no memory") { check_no_allocation<Sgd>(SgdOptions{.momentum = 0.9, .weight_decay = 1e-4}); }

TEST_CASE("sgd: state is named, and absent without momentum") {
  ToyStore toy;
  Parameter& w = toy.add("w", 3, [](Index) { return 1.0; });
  toy.commit();
  Sgd plain(toy.store), momentum(toy.store, {.momentum = 0.9f});
  CHECK(plain.state().empty());
  REQUIRE(momentum.state().size() == 1);
  CHECK(momentum.state()[0].name == "momentum");
  CHECK(momentum.state()[0].values.size() == toy.store.values().size());
  set_gradient(w, [](Index i) { return static_cast<double>(i); });
  momentum.step(1);
  for (std::size_t i = 0; i < 3; ++i) CHECK(momentum.state()[0].values[i] == static_cast<float>(i));
}

TEST_CASE("sgd: parameters without a gradient are named and do not reuse the last one") {
  ToyStore toy;
  Parameter& used = toy.add("used", 1, [](Index) { return 1.0; });
  Parameter& idle = toy.add("idle", 1, [](Index) { return 1.0; });
  toy.commit();
  Sgd sgd(toy.store);
  for (Parameter* parameter : {&used, &idle}) set_gradient(*parameter, [](Index) { return 1.0; });
  sgd.step(0.5f);
  CHECK(sgd.untouched().empty());
  CHECK(used.gradient_is_stale);
  set_gradient(used, [](Index) { return 1.0; });
  sgd.step(0.5f);
  CHECK(sgd.untouched() == std::vector<std::string>{"idle"});
  CHECK(used.value[0] == 0);
  CHECK(idle.value[0] == 0.5f);
}

TEST_CASE("sgd: NaN stays NaN") {
  ToyStore toy;
  Parameter& w = toy.add("w", 2, [](Index) { return 1.0; });
  toy.commit();
  Sgd sgd(toy.store, {.momentum = 0.9, .nesterov = true});
  set_gradient(w, [](Index i) { return i == 0 ? std::numeric_limits<double>::quiet_NaN() : 1.0; });
  sgd.step(0.1f);
  CHECK(std::isnan(w.value[0]));
  CHECK(std::isfinite(w.value[1]));
}

TEST_CASE("sgd: refuses what cannot be") {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  ToyStore toy;
  Parameter& w = toy.add("w", 1, [](Index) { return 1.0; });
  CHECK_THROWS_WITH_AS(Sgd{toy.store}, "optimizer: the parameters have no values yet; call ParameterStore::commit first", Error);
  toy.commit();
  for (const SgdOptions& options :
       {SgdOptions{.momentum = -0.1}, SgdOptions{.momentum = 1}, SgdOptions{.momentum = kNaN}, SgdOptions{.dampening = 1.5},
        SgdOptions{.dampening = -1}, SgdOptions{.nesterov = true}, SgdOptions{.momentum = 0.9, .dampening = 0.1, .nesterov = true},
        SgdOptions{.weight_decay = -1e-4}, SgdOptions{.weight_decay = kNaN}}) {
    CHECK_THROWS_AS(Sgd(toy.store, options), Error);
  }
  Sgd sgd(toy.store);
  set_gradient(w, [](Index) { return 1.0; });
  for (const float rate : {-0.1f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    CHECK_THROWS_AS(sgd.step(rate), Error);
  }
  CHECK_THROWS_WITH_AS(sgd.step(0.1f, kNaN), doctest::Contains("gradient scale"), Error);
  CHECK_THROWS_WITH_AS(sgd.step(0.1f, -1), doctest::Contains("gradient scale"), Error);
  CHECK_THROWS_AS(sgd.set_steps(-1), Error);
  CHECK(w.value[0] == 1);
  CHECK(sgd.steps() == 0);
  sgd.step(0);
  CHECK(w.value[0] == 1);
}

}  // namespace temper
