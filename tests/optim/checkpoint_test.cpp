#include "optim/checkpoint.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <memory>

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
    store.root().declare({.name = "mean", .shape = Shape{2}, .initialize = zero, .kind = Parameter::Kind::state});
    store.commit({});
  }

  template <class Optimizer> float step(Optimizer& optimizer) {
    weight->gradient.data[0] = 1;
    weight->fresh = false;
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
