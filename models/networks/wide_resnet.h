// The wider CIFAR ResNet that the label smoothing paper's teacher was (Tensor2Tensor, models/resnet.py, resnet_cifar_32 and its kin): 32,
// 64 and 128 channels behind a stem of 16, blocks that normalise before they convolve (He et al., "Identity Mappings in Deep Residual
// Networks", ECCV 2016), a 1x1 projection in the first block of each group. Other than in He's, nothing is normalised after the last block.
#pragma once

#include <optional>
#include <vector>

#include "layers/batch_norm.h"
#include "layers/conv.h"
#include "layers/linear.h"
#include "models/networks/network.h"

namespace temper::models {

struct WideResNetSpec : NetworkSpec {
  Index depth = 56;  // 6 n + 2, at most kDeepestResNet
};

// y = conv2(relu(bn2(conv1(z)))) + shortcut with z = relu(bn1(x)). The shortcut is x or, in the first block of a group, bn(projection(z)).
class PreactivationBlock {
 public:
  PreactivationBlock(const ParameterStore::Scope& scope, Index in, Index out, Index stride, bool project);
  Tensor operator()(Tensor x) const;

 private:
  struct Projection {  // downsample.0 and downsample.1, as torchvision calls them
    layers::Conv2d conv;
    layers::BatchNorm bn;
  };

  layers::BatchNorm bn1_;
  layers::Conv2d conv1_;
  layers::BatchNorm bn2_;
  layers::Conv2d conv2_;
  std::optional<Projection> projection_;
};

// 3,407,674 parameters and 497 million multiply-adds an image at depth 56, for 10 classes and 32x32x3.
class WideResNet final : public Network {
 public:
  static std::vector<NetworkKind> kinds();

  // Parameters conv1, bn1, layer1.0.bn1, ..., fc. Throws Error "--model: ..." for a depth that is not 6 n + 2, or above
  // kDeepestResNet.
  WideResNet(const ParameterStore::Scope& scope, const WideResNetSpec& spec);
  Tensor operator()(Tensor images) override;

 private:
  layers::Conv2d conv1_;
  layers::BatchNorm bn1_;
  std::vector<PreactivationBlock> blocks_;
  layers::Linear fc_;
};

}  // namespace temper::models
