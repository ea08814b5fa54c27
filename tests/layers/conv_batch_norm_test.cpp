#include "layers/conv_batch_norm.h"

#include <doctest/doctest.h>

#include <barrier>
#include <cmath>
#include <memory>
#include <thread>

#include "core/engine/buffer.h"
#include "core/engine/inference_scope.h"
#include "core/engine/tape.h"
#include "core/engine/weights.h"
#include "core/ops/softmax_cross_entropy.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "optim/average.h"
#include "optim/sgd.h"
#include "tests/layers/tensors.h"

namespace temper::layers {
namespace {

// One of each algorithm: Winograd, direct, im2col; the bias of the second is folded as well.
struct FoldedNet {
  ParameterStore store;
  ConvBatchNorm first, second, third;
  Linear fc;

  FoldedNet()
      : first(store.root() / "conv1", {.in = 3, .out = 16, .padding = 1, .bias = false}, store.root() / "bn1", {.options = {.relu = true}}),
        second(store.root() / "conv2", {.in = 16, .out = 16, .padding = 1}, store.root() / "bn2", {.options = {.relu = true}}),
        third(store.root() / "conv3", {.in = 16, .out = 16, .padding = 1, .groups = 4, .bias = false}, store.root() / "bn3"),
        fc(store.root() / "fc", {.inputs = {9, 9, 16}, .outputs = 4}) {
    store.commit({.seed = 7});
    for (Parameter& p : store.parameters()) {
      if (p.name.ends_with("running_var")) uniform(0.5, 2)(p.value, Random(1, {}));
      if (p.name.ends_with("running_mean") || p.kind == Parameter::Kind::bias) uniform(-1, 1)(p.value, Random(2, {}));
      if (p.kind == Parameter::Kind::norm) uniform(-1.5, 1.5)(p.value, Random(3, {}));
    }
  }

  Tensor operator()(const Tensor& x) const {
    const Tensor a = first(x);
    return fc(third(second(a, a)));
  }
  Tensor unfolded(const Tensor& x) const {
    const Tensor a = first.norm(first.conv(x));
    return fc(third.norm(third.conv(second.norm(second.conv(a), a))));
  }
  void train(const Tensor& x) {
    optim::Sgd sgd(store, {});
    Tape tape;
    const std::vector<std::int32_t> labels(static_cast<std::size_t>(x.shape()[0]), 1);
    tape.backward(softmax_cross_entropy((*this)(x), labels));
    sgd.step(0.5f);
  }
};

bool same_bits(const Tensor& a, const Tensor& b) { return std::equal(a.values().begin(), a.values().end(), b.values().begin()); }

void check_close(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  for (Index i = 0; i < a.size(); ++i) CHECK(std::fabs(a.data()[i] - b.data()[i]) < 2e-5f * (1 + std::fabs(b.data()[i])));
}

}  // namespace

TEST_CASE("conv_batch_norm: evaluation folds the normalisation into the convolution") {
  const FoldedNet net;
  const Tensor x = wavy({3, 9, 9, 3});
  check_close(net(x), net.unfolded(x));
}

TEST_CASE("conv_batch_norm: the folded normalisation has its epsilon") {
  ParameterStore store;
  const ConvBatchNorm layer(store.root() / "conv", {.in = 3, .out = 8, .padding = 1, .bias = false}, store.root() / "bn",
                            {.options = {.epsilon = 0.5f}});
  store.commit({.seed = 5});
  const Tensor x = wavy({2, 9, 9, 3});
  check_close(layer(x), layer.norm(layer.conv(x)));
}

TEST_CASE("conv_bn_relu_conv: evaluation adds the residual") {
  const FoldedNet net;
  const Tensor x = wavy({2, 9, 9, 3}), residual = wavy({2, 9, 9, 16});
  ParameterStore store;
  const ConvBatchNorm second(store.root() / "conv", {.in = 16, .out = 16, .padding = 1, .bias = false}, store.root() / "bn");
  store.commit({.seed = 3});
  const Tensor without = conv_bn_relu_conv(net.first, second, x), with = conv_bn_relu_conv(net.first, second, x, residual);
  for (Index i = 0; i < without.size(); ++i)
    CHECK(with.values()[static_cast<std::size_t>(i)] ==
          doctest::Approx(without.values()[static_cast<std::size_t>(i)] + residual.values()[static_cast<std::size_t>(i)]).epsilon(1e-5));
}

TEST_CASE("frozen: what layers keep does not change a bit, and is forgotten when parameters change") {
  FoldedNet net;
  const Tensor x = wavy({2, 9, 9, 3}), before = net(x);
  const InferenceScope inference_scope;
  CHECK(same_bits(net(x), before));
  CHECK(same_bits(net(x), before));
  {
    const InferenceScope nested;
    CHECK(same_bits(net(x), before));
  }
  const TensorFile weights = to_file(net.store);
  net.train(x);
  const Tensor after = net(x);
  CHECK(!same_bits(after, before));
  check_close(after, net.unfolded(x));
  set_weights(net.store, weights, "weights");
  CHECK(same_bits(net(x), before));
  optim::WeightAverage average(net.store);
  net.train(x);
  const Tensor trained = net(x);
  average.exchange();
  CHECK(same_bits(net(x), before));
  average.exchange();
  CHECK(same_bits(net(x), trained));
  average.copy_back();
  CHECK(same_bits(net(x), before));
  {
    Tape tape;
    net(x);  // learns statistics
  }
  check_close(net(x), net.unfolded(x));
  CHECK(!same_bits(net(x), before));
}

// A watch that counts would need a seam in the layers: a value written by hand, against the rule, shows what was kept and what was not.
TEST_CASE("frozen: a teacher's kernels stay while its student learns") {
  FoldedNet teacher, student;
  const Tensor x = wavy({2, 9, 9, 3});
  const InferenceScope inference_scope;
  const Tensor before = teacher(x);
  student(x);
  for (FoldedNet* net : {&teacher, &student}) net->first.conv.weight.value[0] += 1;
  student.train(x);
  CHECK(same_bits(teacher(x), before));
  check_close(student(x), student.unfolded(x));
  teacher.train(x);
  check_close(teacher(x), teacher.unfolded(x));
}

TEST_CASE("frozen: a scope within another uses what that one keeps, and leaves it to it") {
  FoldedNet net;
  const Tensor x = wavy({2, 9, 9, 3});
  const InferenceScope outer;
  const Tensor before = net(x);
  net.first.conv.weight.value[0] += 1;
  {
    const InferenceScope inner;
    CHECK(same_bits(net(x), before));
  }
  CHECK(same_bits(net(x), before));
}

TEST_CASE("frozen: a model that takes a dead one's place gets nothing of it") {
  const InferenceScope inference_scope;
  const Tensor x = wavy({1, 9, 9, 3});
  for (int i = 0; i < 5; ++i) {
    FoldedNet net;
    if (i % 2) net.train(x);
    check_close(net(x), net.unfolded(x));
  }
}

TEST_CASE("frozen: what threads keep of a model dies with it, while their scopes live on") {
  const Tensor x = wavy({1, 9, 9, 3});
  const auto bytes = [] { return MemoryPool::shared().stats().bytes_in_use; };
  FoldedNet first;
  std::unique_ptr<FoldedNet> second;
  std::barrier step(3);
  const auto serve = [&] {
    const InferenceScope inference_scope;
    static_cast<void>(first(x));  // also what a thread keeps for itself
    step.arrive_and_wait();
    step.arrive_and_wait();  // there is a second model
    static_cast<void>((*second)(x));
    step.arrive_and_wait();
    step.arrive_and_wait();  // it is gone, the scope is not
  };
  std::thread one(serve), other(serve);
  step.arrive_and_wait();
  const std::size_t before = bytes();
  second = std::make_unique<FoldedNet>();
  const std::size_t loaded = bytes();
  step.arrive_and_wait();
  step.arrive_and_wait();
  CHECK(bytes() > loaded);
  second.reset();
  CHECK(bytes() == before);
  step.arrive_and_wait();
  one.join();
  other.join();
}

TEST_CASE("frozen: a scope that ends gives back what it kept, while its model lives on") {
  FoldedNet net;
  const Tensor x = wavy({1, 9, 9, 3});
  static_cast<void>(net(x));
  const auto bytes = [] { return MemoryPool::shared().stats().bytes_in_use; };
  const std::size_t before = bytes();
  for (int i = 0; i < 3; ++i) {
    const InferenceScope inference_scope;
    static_cast<void>(net(x));
    CHECK(bytes() > before);
  }
  CHECK(bytes() == before);
}

}  // namespace temper::layers
