// The CIFAR ResNet of He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 4.2: a 3x3 stem, three groups of blocks
// of 16, 32 and 64 channels, parameter-free shortcuts (option A), global average pooling.
#pragma once

#include <vector>

#include "layers/conv_batch_norm.h"
#include "layers/linear.h"
#include "models/networks/network.h"

namespace temper::models {

inline constexpr Index kDeepestResNet = 2000;  // He et al. tried 1,202 layers

struct ResNetSpec : NetworkSpec {
  Index depth = 20;  // 6 n + 2, at most kDeepestResNet
};

// y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)); the normalisations have their ReLU, and the second the sum, in one pass; in
// evaluation the convolutions have all of it.
class BasicBlock {
 public:
  BasicBlock(const ParameterStore::Scope& scope, Index in, Index out, Index stride);
  Tensor operator()(Tensor x) const;

 private:
  layers::ConvBatchNorm first_, second_;
  Index out_, stride_;
};

// 269,722 parameters at depth 20, 853,018 at depth 56, for 10 classes and 3 channels.
class ResNet final : public Network {
 public:
  static std::vector<NetworkKind> kinds();

  // Parameters conv1, bn1, layer1.0.conv1, ..., fc. Throws Error "--model: ..." for a depth that is not 6 n + 2, or above kDeepestResNet.
  ResNet(const ParameterStore::Scope& scope, const ResNetSpec& spec);
  Tensor operator()(Tensor images) override;

 private:
  layers::ConvBatchNorm stem_;
  std::vector<BasicBlock> blocks_;
  layers::Linear fc_;
};

}  // namespace temper::models
