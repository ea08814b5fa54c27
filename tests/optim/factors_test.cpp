// Parameters with learning rates of their own.

#include <doctest/doctest.h>

#include "core/engine/inference_scope.h"
#include "optim/adamw.h"
#include "optim/sgd.h"
#include "tests/optim/toy_store.h"

namespace temper {
namespace {

// Three parameters under the same gradient; the second and third get the factors 0.5 and 0. Their values after two steps.
template <class Optimizer, class Options> std::vector<float> after_two_steps(const Options& options, float rate) {
  ToyStore toy;
  std::vector<Parameter*> parameters;
  for (const char* name : {"a", "b", "c"}) parameters.push_back(&toy.add(name, 3, [](Index) { return 2.0; }));
  toy.commit();
  CHECK(toy.store.groups().size() == 1);
  parameters[1]->learning_rate_factor = 0.5f;
  parameters[2]->learning_rate_factor = 0;
  toy.store.regroup();
  REQUIRE(toy.store.groups().size() == 3);
  CHECK(toy.store.groups()[0].begin == 0);
  CHECK(toy.store.groups()[2].end == static_cast<Index>(toy.store.values().size()));
  Optimizer optimizer(toy.store, options);
  for (int step = 0; step < 2; ++step) {
    for (Parameter* parameter : parameters) set_gradient(*parameter, [](Index) { return 1.0; });
    optimizer.step(rate);
  }
  return {parameters[0]->value[0], parameters[1]->value[2], parameters[2]->value[1]};
}

// The value that one parameter alone takes.
template <class Optimizer, class Options> float alone(const Options& options, float rate) {
  ToyStore toy;
  Parameter& w = toy.add("w", 1, [](Index) { return 2.0; });
  toy.commit();
  Optimizer optimizer(toy.store, options);
  for (int step = 0; step < 2; ++step) {
    set_gradient(w, [](Index) { return 1.0; });
    optimizer.step(rate);
  }
  return w.value[0];
}

template <class Optimizer, class Options> void check_factors(const Options& options) {
  const std::vector<float> values = after_two_steps<Optimizer>(options, 0.25f);
  CHECK(values[0] == alone<Optimizer>(options, 0.25f));
  CHECK(values[1] == alone<Optimizer>(options, 0.125f));
  CHECK(values[2] == 2);
}

TEST_CASE("optim: a learning rate factor is a learning rate of one's own, 0 is frozen") {
  check_factors<optim::Sgd>(optim::SgdOptions{.weight_decay = 0.1});
  check_factors<optim::Sgd>(optim::SgdOptions{.momentum = 0.9, .nesterov = true, .weight_decay = 0.1});
  check_factors<optim::Sgd>(optim::SgdOptions{.momentum = 0.9, .dampening = 0.9});
  check_factors<optim::AdamW>(optim::AdamWOptions{.weight_decay = 0.1});
}

TEST_CASE("optim: factors declared before commit lie side by side") {
  ToyStore toy;
  const auto add = [&](const char* name, float factor) {
    toy.store.root().declare({.name = name,
                              .shape = {4},
                              .initialize = [](const View& value, const Random&) { std::fill_n(value.data, value.size(), 1.0f); },
                              .learning_rate_factor = factor});
  };
  add("a", 1), add("b", 64), add("c", 1);
  toy.commit();
  REQUIRE(toy.store.groups().size() == 2);
  CHECK(toy.store.groups()[0].learning_rate_factor == 64);
  CHECK(toy.store.groups()[1].end - toy.store.groups()[1].begin == 32);
}

TEST_CASE("factors: what a network packed for evaluation is forgotten by a step") {
  ToyStore toy;
  Parameter& w = toy.add("w", 1, [](Index) { return 1.0; });
  toy.commit();
  const InferenceScope frozen;
  const auto packed = [&] {
    float local = 0;
    return InferenceScope::derive(w, local, [&] { return w.value[0]; });
  };
  CHECK(packed() == 1);
  set_gradient(w, [](Index) { return 1.0; });
  optim::Sgd(toy.store, {}).step(0.5f);
  CHECK(packed() == w.value[0]);
  CHECK(packed() < 1);
}

TEST_CASE("factors: kinds stay apart, whatever they have in common") {
  ToyStore toy;
  for (const auto& [name, kind] : {std::pair{"a", Parameter::Kind::weight}, {"b", Parameter::Kind::bias}, {"c", Parameter::Kind::norm}})
    toy.add(
        name, 3, [](Index) { return 1.0; }, kind);
  toy.commit();
  REQUIRE(toy.store.groups().size() == 3);
  for (const ParameterStore::Group& group : toy.store.groups()) CHECK(group.end - group.begin == 16);
  optim::Sgd sgd(toy.store, {.weight_decay = 0.5, .decay_norm_and_bias = false});
  sgd.step(0.5f);
  for (const Parameter& parameter : toy.store.parameters()) CHECK(parameter.value[0] == (parameter.name == "a" ? 0.75f : 1.0f));
}

}  // namespace
}  // namespace temper
