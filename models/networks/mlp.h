// Multilayer perceptron: flatten, then dense layers with ReLU between them.
#pragma once

#include <vector>

#include "layers/sequential.h"
#include "models/networks/network.h"

namespace temper::models {

struct MlpSpec : NetworkSpec {
  std::vector<Index> hidden = {128, 128};  // units of each hidden layer
};

class Mlp final : public Network {
 public:
  static std::vector<NetworkKind> kinds();

  // Parameters fc1, fc2, ...
  Mlp(const ParameterStore::Scope& scope, const MlpSpec& spec);
  Tensor operator()(Tensor images) override { return layers_(std::move(images)); }

 private:
  layers::Sequential layers_;
};

}  // namespace temper::models
