#include "models/networks/alexnet.h"

#include "core/ops/local_response_norm.h"
#include "core/ops/relu.h"
#include "layers/conv.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/pool.h"

namespace temper::models {

AlexNet::AlexNet(const ParameterStore::Scope& scope, const NetworkSpec& spec) {
  const auto conv = [&](const char* name, Index in, float bias) {
    return layers::Conv2d(scope / name, {.in = in,
                                         .out = 64,
                                         .kernel = 5,
                                         .padding = 2,
                                         .weight_init = layers::truncated_normal(0.05),
                                         .bias_init = layers::constant(bias),
                                         .decay_factor = 0});
  };
  const auto dense = [&](const char* name, layers::LinearInputs inputs, Index outputs, double stddev, float bias, float decay_factor) {
    return layers::Linear(scope / name, {.inputs = inputs,
                                         .outputs = outputs,
                                         .weight_init = layers::truncated_normal(stddev),
                                         .bias_init = layers::constant(bias),
                                         .decay_factor = decay_factor});
  };
  const layers::MaxPool halve({.kernel = 3, .stride = Size2(2), .padding = 1});
  const auto normalise = [](Tensor x) { return local_response_norm(std::move(x), {.size = 9, .alpha = 0.001f, .beta = 0.75f, .k = 1}); };
  const auto halved = [](Index extent) { return (extent + 1) / 2; };
  const Index h = halved(halved(spec.image[0])), w = halved(halved(spec.image[1]));
  layers_ = {
      conv("conv1", spec.image[2], 0),  // (N,H,W,64)
      halve,                            // (N,H/2,W/2,64)
      relu,                             // the same as before the pooling, with a quarter of the work
      normalise,
      conv("conv2", 64, 0.1f),  // (N,H/2,W/2,64)
      relu,
      normalise,
      halve,                                         // (N,h,w,64)
      dense("fc1", {h, w, 64}, 384, 0.04, 0.1f, 1),  // (N,384)
      relu,
      dense("fc2", 384, 192, 0.04, 0.1f, 1),  // (N,192)
      relu,
      dense("fc3", 192, spec.classes, 1.0 / 192, 0, 0),  // (N,K)
  };
}

std::vector<NetworkKind> AlexNet::kinds() {
  return {{.name = "alexnet",
           .usual_image = {24, 24, 3},
           .description = "the paper's CIFAR-10 AlexNet: two 5x5 convolutions with local response normalisation",
           .make = factory_of<AlexNet>()}};
}

}  // namespace temper::models
