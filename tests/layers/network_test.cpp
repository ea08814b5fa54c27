// A net of every layer, as users build them.

#include <doctest/doctest.h>

#include <array>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "core/ops/relu.h"
#include "core/ops/softmax_cross_entropy.h"
#include "layers/batch_norm.h"
#include "layers/conv.h"
#include "layers/dropout.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "layers/random_scope.h"
#include "layers/residual.h"
#include "layers/sequential.h"
#include "tests/layers/tensors.h"

namespace temper {
namespace {

using namespace layers;

Sequential block(const ParameterStore::Scope& scope, Index channels) {
  return Sequential{Conv2d(scope / "conv1", {.in = channels, .out = channels, .padding = 1, .bias = false}),
                    BatchNorm(scope / "bn1", {.channels = channels}), relu,
                    Conv2d(scope / "conv2", {.in = channels, .out = channels, .padding = 1, .groups = 2, .bias = false}),
                    BatchNorm(scope / "bn2", {.channels = channels})};
}

struct EveryLayer {
  ParameterStore store;
  Sequential layers;

  EveryLayer() {
    const ParameterStore::Scope root = store.root();
    layers = Sequential{Conv2d(root / "stem", {.in = 3, .out = 8, .kernel = 5, .padding = 2, .weight_init = kaiming_normal()}),
                        relu,
                        MaxPool({.kernel = 3, .stride = 2, .padding = 1}),
                        Residual(block(root / "block1", 8)),
                        relu,
                        Residual(block(root / "block2", 8), Conv2d(root / "block2" / "shortcut", {.in = 8, .out = 8, .kernel = 1})),
                        AvgPool(),
                        Residual([](Tensor x) { return scale(std::move(x), 0.5f); }),
                        Linear(root / "fc1", {.inputs = {3, 3, 8}, .outputs = 16}),
                        relu,
                        Dropout(0.5f),
                        Linear(root / "fc2", {.inputs = 16, .outputs = 4, .weight_init = truncated_normal(0.1)})};
    store.commit({.seed = 2});
  }

  double train_step() {
    Tape tape;
    const RandomScope random_scope(Random(2, {0}));
    const std::array<std::int32_t, 5> labels = {0, 3, 1, 2, 0};
    const Tensor loss = softmax_cross_entropy(layers(wavy({5, 12, 12, 3})), labels);
    const double value = static_cast<double>(loss.item());
    tape.backward(loss);
    return value;
  }
};

}  // namespace

TEST_CASE("layers: every parameter of a net gets a gradient") {
  EveryLayer net;
  net.train_step();
  CHECK(net.store.zero_unwritten_gradients().empty());
  for (const Parameter& parameter : net.store.parameters()) {
    CAPTURE(parameter.name);
    if (parameter.kind == Parameter::Kind::buffer) {
      CHECK(!parameter.gradient);
      continue;
    }
    double largest = 0;
    bool finite = true;
    for (Index i = 0; i < parameter.gradient.size(); ++i) {
      largest = std::max(largest, static_cast<double>(std::fabs(parameter.gradient[i])));
      finite = finite && std::isfinite(parameter.gradient[i]);
    }
    CHECK(finite);
    CHECK(largest > 1e-6);
  }
}

TEST_CASE("layers: the gradient of a net is the slope of its loss") {
  EveryLayer net;
  net.train_step();
  const std::vector<float> gradients(net.store.gradients().begin(), net.store.gradients().end());
  const std::vector<float> start(net.store.values().begin(), net.store.values().end());
  // Along the gradient itself, where the slope is its square.
  double square = 0;
  for (const float g : gradients) square += static_cast<double>(g) * static_cast<double>(g);
  const auto loss_at = [&](double distance) {
    for (std::size_t i = 0; i < start.size(); ++i) {
      net.store.values()[i] = static_cast<float>(static_cast<double>(start[i]) + distance * static_cast<double>(gradients[i]));
    }
    return net.train_step();
  };
  constexpr double kStep = 1e-3;
  CHECK((loss_at(kStep) - loss_at(-kStep)) / (2 * kStep) == doctest::Approx(square).epsilon(0.01));
}

TEST_CASE("layers: a net evaluates and trains in the same bits on every number of threads") {
  const int before = threads();
  std::vector<float> outputs, gradients;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    EveryLayer net;
    const std::vector<float> output = values_of(net.layers(wavy({5, 12, 12, 3})));
    net.train_step();
    const std::vector<float> gradient(net.store.gradients().begin(), net.store.gradients().end());
    if (outputs.empty()) outputs = output, gradients = gradient;
    CHECK(output == outputs);
    CHECK(gradient == gradients);
  }
  set_threads(before);
}

TEST_CASE("layers: a layer that is not used is named") {
  ParameterStore store;
  const Linear used(store.root() / "used", {.inputs = 3, .outputs = 2}), idle(store.root() / "idle", {.inputs = 3, .outputs = 2});
  store.commit({.seed = 1});
  Tape tape;
  const std::array<std::int32_t, 2> labels = {0, 1};
  tape.backward(softmax_cross_entropy(used(wavy({2, 3})), labels));
  CHECK(store.zero_unwritten_gradients() == std::vector<std::string>{"idle.weight", "idle.bias"});
}

}  // namespace temper
