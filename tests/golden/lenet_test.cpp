// Ten steps of LeNet-5 on MNIST, held to PyTorch's: made by tests/golden/lenet.py with torch 1.13.1.

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>

#include "core/engine/tape.h"
#include "core/engine/weights.h"
#include "core/ops/softmax_cross_entropy.h"
#include "data/file_bytes.h"
#include "data/idx.h"
#include "data/loader.h"
#include "models/networks/lenet.h"
#include "optim/sgd.h"
#include "tests/golden/formula.h"

namespace temper {
namespace {

constexpr double kLosses[] = {2.3023295, 2.3032823, 2.2994077, 2.2920959, 2.2884009, 2.2903025, 2.2774296, 2.2727399, 2.2561412, 2.2507782};
constexpr Index kBatch = 256, kSteps = 10;

// Sets the weights through the file format, which has PyTorch's names and axis order.
TensorFile lenet_weights(const ParameterStore& store) {
  TensorFile file = to_file(store);
  std::uint64_t tensor = 360;  // FIRST_TENSOR of the script
  for (const char* layer : {"conv1", "conv2", "fc1", "fc2", "fc3"}) {
    const TensorFile::Entry& weight = file.tensors.at(str_cat(layer, ".weight"));
    const Index fan_in = weight.shape.size() / weight.shape[0];
    for (const char* kind : {".weight", ".bias"}) {
      std::vector<float>& values = file.tensors.at(str_cat(layer, kind)).values;
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = formula(tensor, i, fan_in);
      ++tensor;
    }
  }
  return file;
}

TEST_CASE("golden: ten SGD steps of LeNet on MNIST equal PyTorch's, losses and weights to 1e-4") {
  const char* const folder = std::getenv("TEMPER_DATA");
  if (!folder) {
    MESSAGE("skipped: TEMPER_DATA names no folder with mnist/");
    return;
  }
  // The images in the order of the file: the script takes them before any split of ours.
  const std::string mnist = str_cat(folder, "/mnist/train-");
  const data::Dataset all =
      data::parse_idx(data::read_unpacked(mnist + "images-idx3-ubyte.gz"), data::read_unpacked(mnist + "labels-idx1-ubyte.gz"), "mnist");
  std::vector<Index> first;
  for (Index i = 0; i < kBatch * kSteps; ++i) first.push_back(i);
  const data::Dataset set = all.subset(first, "mnist");

  ParameterStore store;
  models::LeNet net(store.root(), {.image = set.image, .classes = 10});
  store.commit({});
  set_weights(store, lenet_weights(store), "given weights");
  optim::Sgd sgd(store, {.momentum = 0.9, .nesterov = true, .weight_decay = 5e-4, .decay_norm_and_bias = true});
  data::Loader loader(set, {.mean = {0.1307}, .std = {0.3081}}, {.batch = kBatch});
  std::size_t step = 0;
  for (const data::Batch& batch : loader.epoch(0)) {
    Tape tape;
    const Tensor loss = softmax_cross_entropy(net(batch.images), batch.labels, {.smoothing = 0.1f});
    tape.backward(loss);
    sgd.step(0.03f);
    CAPTURE(step);
    CHECK(std::fabs(loss.item() / kLosses[step] - 1) < 1e-4);
    ++step;
  }
  REQUIRE(step == kSteps);

  const TensorFile after = to_file(store), expected = read_safetensors(TEMPER_SOURCE_DIR "/tests/golden/lenet_after.safetensors");
  REQUIRE(after.tensors.size() == expected.tensors.size());
  for (const auto& entry : expected.tensors) {
    CAPTURE(entry.first);
    const auto &values = entry.second.values, &found = after.tensors.at(entry.first).values;
    double scale = 0, worst = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      scale = std::max(scale, std::fabs(double{values[i]}));
      worst = std::max(worst, std::fabs(double{values[i]} - found[i]));
    }
    CHECK(worst / scale < 1e-4);
  }
}

}  // namespace
}  // namespace temper
