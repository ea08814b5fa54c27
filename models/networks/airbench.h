// airbench94 of Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", arXiv 2404.00498: a whitening layer that is computed from the
// data, then three blocks of two 3x3 convolutions with 64, 256 and 256 channels, which begin as the identity as far as they can.
#pragma once

#include <vector>

#include "layers/batch_norm.h"
#include "layers/conv.h"
#include "layers/linear.h"
#include "layers/whitening.h"
#include "models/networks/network.h"

namespace temper::models {

// y = gelu(norm2(conv2(gelu(norm1(max_pool(conv1(x))))))); the normalisations learn a bias, no scale.
class AirbenchBlock {
 public:
  AirbenchBlock(const ParameterStore::Scope& scope, Index in, Index out);
  Tensor operator()(Tensor x) const;

 private:
  layers::Conv2d conv1_;
  layers::BatchNorm norm1_;
  layers::Conv2d conv2_;
  layers::BatchNorm norm2_;
};

// 1,971,352 learned parameters and 118 million multiply-adds an image, for 10 classes and 32x32x3.
class Airbench final : public Network {
 public:
  static std::vector<NetworkKind> kinds();

  // Parameters whiten, block1.conv1, block1.norm1, ..., head. Throws for images smaller than 25x25.
  Airbench(const ParameterStore::Scope& scope, const NetworkSpec& spec);
  Tensor operator()(Tensor images) override;

  Index init_samples() const override { return 5000; }
  void data_dependent_init(const Tensor& images) override { whiten_.fit(images); }

 private:
  layers::Whitening whiten_;
  std::vector<AirbenchBlock> blocks_;
  layers::Linear head_;
};

}  // namespace temper::models
