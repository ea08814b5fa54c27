#include "models/networks/inception_v4.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/engine/dry_run.h"
#include "core/engine/tape.h"
#include "core/ops/elementwise.h"
#include "core/ops/softmax_cross_entropy.h"
#include "layers/random_scope.h"

namespace temper::models {
namespace {

// The scales of the normalisations, which the PyTorch ports count as parameters.
Index scales(const ParameterStore& store) {
  Index count = 0;
  for (const Parameter& p : store.parameters()) count += p.name.ends_with("bn.weight") ? p.shape.size() : 0;
  return count;
}

TEST_CASE("inception_v4: as many parameters as in the papers, and with the scales as in PyTorch's ports") {
  ParameterStore store;
  const InceptionV4 net(store.root(), {NetworkSpec{.image = {299, 299, 3}, .classes = 1000}});
  CHECK(store.learned_size() == 42'648'232);
  CHECK(store.learned_size() + scales(store) == 42'679'816);
  for (const char* name :
       {"features.0.conv.weight", "features.3.conv.bn.running_var", "features.4.branch1.3.conv.weight", "features.5.conv.bn.bias",
        "features.9.branch3.1.conv.weight", "features.10.branch0.bn.weight", "features.17.branch2.4.conv.weight",
        "features.18.branch1.3.conv.weight", "features.21.branch2_3b.conv.weight", "last_linear.bias"}) {
    CAPTURE(name);
    CHECK(std::any_of(store.parameters().begin(), store.parameters().end(), [&](const Parameter& p) { return p.name == name; }));
  }
}

TEST_CASE("inception_v4: the smallest images fit, smaller ones are refused") {
  const auto logits = [](Index size, bool auxiliary) {
    const DryRun dry_run;
    ParameterStore store;
    const InceptionV4 net(store.root(), {NetworkSpec{.image = {size, size, 3}, .classes = 5}, auxiliary});
    store.commit({});
    return net.both(Tensor(Shape{2, size, size, 3}));
  };
  CHECK(logits(75, false).logits.shape() == Shape{2, 5});
  CHECK_FALSE(logits(75, false).auxiliary);
  CHECK_THROWS_WITH_AS(logits(74, false), doctest::Contains("75x75"), Error);
  CHECK(logits(107, true).auxiliary.shape() == Shape{2, 5});
  CHECK(logits(299, true).auxiliary.shape() == Shape{2, 5});
  CHECK_THROWS_WITH_AS(logits(106, true), doctest::Contains("107x107"), Error);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // there it takes a minute
// A training step on random images: all is finite, and every parameter gets a gradient.
void check_step(Index count, Index size, bool auxiliary) {
  ParameterStore store;
  const InceptionV4 net(store.root(), {NetworkSpec{.image = {size, size, 3}, .classes = 10}, auxiliary});
  store.commit({.seed = 1});
  Tensor images(Shape{count, size, size, 3});
  const Random random(2, {});
  for (Index i = 0; i < images.size(); ++i) images.data()[i] = static_cast<float>(2 * random.uniform(static_cast<std::uint64_t>(i)) - 1);
  const std::vector<std::int32_t> labels(static_cast<std::size_t>(count), 3);
  Tape tape;
  const layers::RandomScope random_scope(Random(1, {}));
  const InceptionV4::Logits logits = net.both(images);
  REQUIRE(logits.logits.shape() == Shape{count, 10});
  for (const float value : logits.logits.values()) CHECK(std::isfinite(value));
  Tensor loss = softmax_cross_entropy(logits.logits, labels);
  if (auxiliary) loss = add(std::move(loss), scale(softmax_cross_entropy(logits.auxiliary, labels), 0.4f));
  tape.backward(loss);
  CHECK(store.zero_unwritten_gradients().empty());
  for (const Parameter& parameter : store.parameters()) {
    if (!parameter.gradient) continue;
    CAPTURE(parameter.name);
    double square = 0;
    for (Index i = 0; i < parameter.gradient.size(); ++i) {
      square += static_cast<double>(parameter.gradient[i]) * static_cast<double>(parameter.gradient[i]);
    }
    CHECK(std::isfinite(square));
    CHECK(square > 0);
  }
}

TEST_CASE("inception_v4: learns from a photograph of full size") { check_step(1, 299, false); }
TEST_CASE("inception_v4: both classifiers learn") { check_step(2, 107, true); }
#endif

}  // namespace
}  // namespace temper::models
