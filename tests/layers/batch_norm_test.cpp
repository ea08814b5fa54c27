#include "layers/batch_norm.h"

#include <doctest/doctest.h>

#include "core/engine/tape.h"
#include "layers/init.h"
#include "tests/layers/tensors.h"

namespace temper {

TEST_CASE("batch normalisation layer: names and kinds") {
  ParameterStore store;
  const layers::BatchNorm bn(store.root() / "bn1", {.channels = 3});
  store.commit({.seed = 1});
  CHECK(bn.weight.name == "bn1.weight");
  CHECK(bn.bias.name == "bn1.bias");
  CHECK(bn.running_mean.name == "bn1.running_mean");
  CHECK(bn.running_var.name == "bn1.running_var");
  CHECK(bn.weight.kind == Parameter::Kind::norm);
  CHECK(bn.bias.kind == Parameter::Kind::norm);
  CHECK(bn.running_mean.kind == Parameter::Kind::buffer);
  CHECK(bn.running_var.kind == Parameter::Kind::buffer);
  CHECK(store.learned_size() == 6);
  for (Index c = 0; c < 3; ++c) {
    CHECK(bn.weight.value[c] == 1);
    CHECK(bn.bias.value[c] == 0);
    CHECK(bn.running_mean.value[c] == 0);
    CHECK(bn.running_var.value[c] == 1);
  }
}

TEST_CASE("batch normalisation layer: a tape moves the running statistics, evaluation uses them") {
  ParameterStore store;
  const layers::BatchNorm bn(store.root(), {.channels = 4, .options = {.momentum = 0.1f}});
  store.commit({.seed = 1});
  const std::vector<float> data = {2, 15, 2, 1, 2, 17, 2, 1, -4, -2, -2, -1};
  const Tensor x({3, 4}, data);

  CHECK(values_of(bn(x))[1] == doctest::Approx(15 / std::sqrt(1 + 1e-5)));
  CHECK(bn.running_mean.value[1] == 0);

  {
    const Tape tape;
    CHECK(values_of(bn(x))[1] == doctest::Approx((15 - 10) / std::sqrt(218.0 / 3 + 1e-5)));
  }
  const std::vector<double> mean = {0, 1, 0.2 / 3, 0.1 / 3}, variance = {2.1, 11.8, 0.9 + 1.6 / 3, 0.9 + 0.4 / 3};
  for (std::size_t c = 0; c < 4; ++c) {
    CHECK(bn.running_mean.value[static_cast<Index>(c)] == doctest::Approx(mean[c]).epsilon(1e-6));
    CHECK(bn.running_var.value[static_cast<Index>(c)] == doctest::Approx(variance[c]).epsilon(1e-6));
  }
  CHECK(values_of(bn(x))[1] == doctest::Approx((15 - 1) / std::sqrt(11.8 + 1e-5)));
}

TEST_CASE("batch normalisation layer: it may start at 0") {
  ParameterStore store;
  const layers::BatchNorm bn(store.root(), {.channels = 2, .weight_init = layers::constant(0)});
  store.commit({.seed = 1});
  for (const float v : bn(wavy({3, 2})).values()) CHECK(v == 0);
  CHECK_THROWS_AS(layers::BatchNorm(store.root() / "none", {}), Error);
}

}  // namespace temper
