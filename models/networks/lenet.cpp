#include "models/networks/lenet.h"

#include "core/ops/relu.h"
#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/pool.h"

namespace temper::models {

LeNet::LeNet(const ParameterStore::Scope& scope, const NetworkSpec& spec) {
  const Index H = spec.image[0], W = spec.image[1], C = spec.image[2];
  TEMPER_CHECK(H >= 12 && W >= 12, "--model: lenet takes images of 12x12 or larger, these are ", H, "x", W, "; use cnn or mlp");
  const Index h = (H / 2 - 4) / 2, w = (W / 2 - 4) / 2;  // after both poolings
  const layers::MaxPool halve({.kernel = 2, .stride = 2});
  // ReLU after the pooling is the same as before it, to the bit and in its gradients, and has a quarter of the work.
  layers_ = {
      layers::Conv2d(scope / "conv1", {.in = C, .out = 6, .kernel = 5, .padding = 2}),  // (N,H,W,6)
      halve,                                                                            // (N,H/2,W/2,6)
      relu,
      layers::Conv2d(scope / "conv2", {.in = 6, .out = 16, .kernel = 5}),  // (N,H/2-4,W/2-4,16)
      halve,                                                               // (N,h,w,16)
      relu,
      layers::Linear(scope / "fc1", {.inputs = {h, w, 16}, .outputs = 120}),  // (N,120)
      relu,
      layers::Linear(scope / "fc2", {.inputs = 120, .outputs = 84}),  // (N,84)
      relu,
      layers::Linear(scope / "fc3", {.inputs = 84, .outputs = spec.classes}),  // (N,K)
  };
}

std::vector<NetworkKind> LeNet::kinds() {
  return {{.name = "lenet", .description = "LeNet-5 with ReLU and max pooling, for images from 12x12 up", .make = factory_of<LeNet>()}};
}

}  // namespace temper::models
