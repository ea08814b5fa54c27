// The "AlexNet" of Müller, Kornblith and Hinton's CIFAR-10 experiments: the network of TensorFlow's CIFAR-10 tutorial.
#pragma once

#include <vector>

#include "layers/sequential.h"
#include "models/networks/network.h"

namespace temper::models {

// 1,068,298 parameters for 24x24x3 images and 10 classes, 1,756,426 for 32x32x3. Weight decay acts on fc1 and fc2 alone.
class AlexNet final : public Network {
 public:
  static std::vector<NetworkKind> kinds();

  // Parameters conv1, conv2, fc1, fc2, fc3.
  AlexNet(const ParameterStore::Scope& scope, const NetworkSpec& spec);
  Tensor operator()(Tensor images) override { return layers_(std::move(images)); }

 private:
  layers::Sequential layers_;
};

}  // namespace temper::models
