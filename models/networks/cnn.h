// A small convolutional network with batch normalisation, for images from 8x8 up: the teacher of the demonstration.
#pragma once

#include <vector>

#include "layers/sequential.h"
#include "models/networks/network.h"

namespace temper::models {

class Cnn final : public Network {
 public:
  static std::vector<NetworkKind> kinds();

  // Parameters conv1, bn1, conv2, bn2, conv3, bn3, fc. Throws for images smaller than 4x4.
  Cnn(const ParameterStore::Scope& scope, const NetworkSpec& spec);
  Tensor operator()(Tensor images) override { return layers_(std::move(images)); }

 private:
  layers::Sequential layers_;
};

}  // namespace temper::models
