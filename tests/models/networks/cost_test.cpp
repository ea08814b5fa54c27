#include "models/networks/cost.h"

#include <doctest/doctest.h>

#include "core/engine/dry_run.h"
#include "core/engine/tape.h"
#include "core/ops/softmax_cross_entropy.h"
#include "models/networks/registry.h"
#include "optim/sgd.h"

namespace temper::models {
namespace {

TEST_CASE("cost: parameters and multiply-adds are those of the papers") {
  struct Case {
    const char* name;
    Shape image;
    Index classes, parameters, multiply_adds;
  };
  const Case cases[] = {
      {"mlp-1200", {28, 28, 1}, 10, 2'395'210, 784 * 1200 + 1200 * 1200 + 1200 * 10},
      {"alexnet", {24, 24, 3}, 10, 1'068'298, 24 * 24 * 25 * 3 * 64 + 12 * 12 * 25 * 64 * 64 + 36 * 64 * 384 + 384 * 192 + 192 * 10},
      {"resnet20", {32, 32, 3}, 10, 269'722, 40'551'040},
      {"resnet56", {32, 32, 3}, 10, 853'018, 125'485'696},
      {"resnet56-wide", {32, 32, 3}, 10, 3'407'674, 497'468'672},
      {"airbench", {32, 32, 3}, 10, 1'971'352, 118'147'360},
      {"inception_v4", {299, 299, 3}, 1000, 42'648'232, 12'253'974'624},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const Cost found = cost(c.name, {.image = c.image, .classes = c.classes}, 4);
    CHECK(found.parameters == c.parameters);
    CHECK(found.multiply_adds == c.multiply_adds);
  }
}

TEST_CASE("cost: the memory is that which a real step takes") {
  for (const char* name : {"lenet", "alexnet", "resnet20", "resnet8-wide", "airbench"}) {
    CAPTURE(name);
    constexpr Index kBatch = 32;
    const NetworkSpec spec{.image = usual_image(name), .classes = 10};
    const std::size_t promised = cost(name, spec, kBatch).step_bytes;

    ParameterStore warm_store;  // the kernels' scratch memory is taken in a first step, before the count begins
    const auto step = [&](ParameterStore& store) {
      const auto network = make_network(name, store.root(), spec);
      store.commit({.seed = 1});
      optim::Sgd sgd(store, {.momentum = 0.9});
      Tensor images(Shape{kBatch, spec.image[0], spec.image[1], spec.image[2]});
      for (Index i = 0; i < images.size(); ++i) images.data()[i] = static_cast<float>(i % 7);
      const std::vector<std::int32_t> labels(kBatch, 3);
      Tape tape;
      tape.backward(softmax_cross_entropy((*network)(images), labels));
      sgd.step(0.01f);
    };
    step(warm_store);
    ParameterStore store;
    MemoryPool::shared().forget_peak();
    const std::size_t before = MemoryPool::shared().stats().bytes_in_use;
    step(store);
    const auto taken = static_cast<double>(MemoryPool::shared().stats().peak_bytes_in_use - before);
    CHECK(static_cast<double>(promised) == doctest::Approx(taken).epsilon(0.02));
  }
}

TEST_CASE("cost: a rehearsal computes nothing and leaves parameters alone") {
  ParameterStore store;
  const auto network = make_network("resnet8", store.root(), {.image = {8, 8, 3}, .classes = 10});
  store.commit({.seed = 1});
  const std::vector<float> before(store.all_values().begin(), store.all_values().end());
  const Tensor images(Shape{4, 8, 8, 3});
  {
    const DryRun dry_run;
    Tape tape;
    CHECK((*network)(images).shape() == Shape{4, 10});
    CHECK(dry_run.multiply_adds() > 0);
  }
  CHECK(DryRun::current() == nullptr);
  CHECK(before == std::vector<float>(store.all_values().begin(), store.all_values().end()));
}

TEST_CASE("cost: what cannot be is refused") {
  CHECK_THROWS_WITH_AS(cost("lenet", {.image = {8, 8, 1}, .classes = 10}, 8), doctest::Contains("12x12"), Error);
  CHECK_THROWS_WITH_AS(cost("lenet", {.image = {28, 28, 1}, .classes = 10}, 1), doctest::Contains("--batch"), Error);
}

}  // namespace
}  // namespace temper::models
