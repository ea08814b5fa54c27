#include "optim/checkpoint.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <memory>

#include "core/engine/inference_scope.h"
#include "layers/init.h"
#include "optim/adamw.h"
#include "optim/sgd.h"

namespace temper::optim {
namespace {

// One weight and a running statistic.
struct Small {
  ParameterStore store;
  Parameter* weight;

  Small() {
    const auto zero = [](const View& value, const Random&) { std::fill_n(value.data, value.size(), 0.0f); };
    weight = &store.root().declare({.name = "w", .shape = Shape{1}, .initialize = zero});
    store.root().declare({.name = "mean", .shape = Shape{2}, .initialize = zero, .kind = Parameter::Kind::buffer});
    store.commit({});
  }

  template <class Optimizer> float step(Optimizer& optimizer) {
    weight->gradient.data[0] = 1;
    weight->gradient_is_stale = false;
    optimizer.step(0.1f);
    return weight->value[0];
  }
  template <class Optimizer> std::vector<StateArena> arenas(Optimizer& optimizer) {
    std::vector<StateArena> all = optimizer.state();
    all.push_back({"value", store.all_values()});
    return all;
  }
};

// Case 28: momentum goes on where it was: without it the last two would be -0.39 and -0.58.
TEST_CASE("checkpoint: SGD's momentum survives, with the textbook's numbers") {
  TensorFile file;
  {
    Small net;
    Sgd sgd(net.store, {.momentum = 0.9});
    CHECK(net.step(sgd) == doctest::Approx(-0.1));
    CHECK(net.step(sgd) == doctest::Approx(-0.29));
    write_arenas(net.store, net.arenas(sgd), file);
  }
  Small net;
  Sgd sgd(net.store, {.momentum = 0.9});
  read_arenas(net.store, net.arenas(sgd), file, "file");
  sgd.set_steps(2);
  CHECK(net.step(sgd) == doctest::Approx(-0.561));
  CHECK(net.step(sgd) == doctest::Approx(-0.9049));
}

TEST_CASE("checkpoint: AdamW's moments and bias correction survive to the bit") {
  Small whole, first, second;
  AdamW undisturbed(whole.store), before(first.store), after(second.store);
  for (int i = 0; i < 3; ++i) whole.step(undisturbed);
  for (int i = 0; i < 3; ++i) first.step(before);
  TensorFile file;
  write_arenas(first.store, first.arenas(before), file);
  CHECK(file.tensors.size() == 4);  // two moments of the weight, the values of both parameters
  read_arenas(second.store, second.arenas(after), file, "file");
  after.set_steps(3);
  for (int i = 0; i < 3; ++i) CHECK(whole.step(undisturbed) == second.step(after));
}

TEST_CASE("checkpoint: every parameter's own part of every arena, and what was packed of the old values is forgotten") {
  struct Three {
    ParameterStore store;
    std::vector<Parameter*> parameters;
    explicit Three(float sign) {
      for (const auto& [name, kind] :
           {std::pair{"a", Parameter::Kind::weight}, {"b", Parameter::Kind::bias}, {"mean", Parameter::Kind::buffer}}) {
        const float start = sign * static_cast<float>(parameters.size() + 1);
        parameters.push_back(&store.root().declare({.name = name,
                                                    .shape = Shape{3},
                                                    .initialize =
                                                        [start](const View& value, const Random&) {
                                                          for (Index i = 0; i < 3; ++i) value[i] = start * static_cast<float>(10 + i);
                                                        },
                                                    .kind = kind}));
      }
      store.commit({});
    }
  };
  Three from(1), to(-1);
  Sgd first(from.store, {.momentum = 0.9}), second(to.store, {.momentum = 0.9});
  for (std::size_t i = 0; i < first.state()[0].values.size(); ++i) first.state()[0].values[i] = static_cast<float>(i);
  const auto arenas = [](Three& net, Sgd& sgd) {
    std::vector<StateArena> all = sgd.state();
    all.push_back({"value", net.store.all_values()});
    return all;
  };
  TensorFile file;
  write_arenas(from.store, arenas(from, first), file);
  CHECK(file.tensors.size() == 5);
  CHECK(file.tensors.at("value/mean").values == std::vector<float>{30, 33, 36});
  const InferenceScope inference_scope;
  const auto packed = [&] {
    float local = 0;
    return InferenceScope::derive(*to.parameters[0], local, [&] { return to.parameters[0]->value[0]; });
  };
  CHECK(packed() == -10);
  read_arenas(to.store, arenas(to, second), file, "file");
  CHECK(packed() == 10);
  for (std::size_t p = 0; p < 3; ++p) {
    for (Index i = 0; i < 3; ++i) {
      CHECK(to.parameters[p]->value[i] == from.parameters[p]->value[i]);
      if (p < 2)
        CHECK(second.state()[0].values[p * 16 + static_cast<std::size_t>(i)] == static_cast<float>(p * 16 + static_cast<std::size_t>(i)));
    }
  }
}

// Case 28: a missing or foreign entry is no fresh start.
TEST_CASE("checkpoint: what is missing, foreign or of another shape is refused by name, and nothing changes") {
  Small net;
  Sgd sgd(net.store, {.momentum = 0.9});
  TensorFile whole;
  write_arenas(net.store, net.arenas(sgd), whole);
  net.step(sgd);
  const float value = net.weight->value[0];
  const auto refused = [&](auto change, const char* about) {
    TensorFile file = whole;
    change(file);
    CHECK_THROWS_WITH_AS(read_arenas(net.store, net.arenas(sgd), file, "some.file"), doctest::Contains(about), Error);
    CHECK(net.weight->value[0] == value);
  };
  refused([](TensorFile& file) { file.tensors.erase("momentum/w"); }, "some.file: momentum/w is missing");
  refused([](TensorFile& file) { file.tensors["ema/w"] = file.tensors["value/w"]; }, "4 tensors, 3 are wanted");
  refused([](TensorFile& file) { file.tensors["value/mean"].shape = Shape{1, 2}; }, "value/mean has the shape");
  read_arenas(net.store, net.arenas(sgd), whole, "some.file");
  CHECK(net.weight->value[0] == 0);
}

TEST_CASE("checkpoint: values that are not finite are named") {
  Small net;
  Sgd sgd(net.store, {.momentum = 0.9});
  CHECK(not_finite(net.store, net.arenas(sgd)).empty());
  net.weight->value[0] = NAN;
  CHECK(not_finite(net.store, net.arenas(sgd)) == std::vector<std::string>{"value/w"});
}

}  // namespace
}  // namespace temper::optim
