// LeNet-5 with ReLU and max pooling, as it is commonly built today (LeCun et al., "Gradient-based learning applied to document
// recognition", 1998).
#pragma once

#include <vector>

#include "layers/sequential.h"
#include "models/networks/network.h"

namespace temper::models {

// 61,706 parameters for 28x28x1 images and 10 classes.
class LeNet final : public Network {
 public:
  static std::vector<NetworkKind> kinds();

  // Parameters conv1, conv2, fc1, fc2, fc3. Throws for images smaller than 12x12.
  LeNet(const ParameterStore::Scope& scope, const NetworkSpec& spec);
  Tensor operator()(Tensor images) override { return layers_(std::move(images)); }

 private:
  layers::Sequential layers_;
};

}  // namespace temper::models
