#include "models/networks/resnet.h"

#include <array>

#include "core/ops/avg_pool.h"
#include "core/ops/downsample_pad_channels.h"
#include "layers/init.h"

namespace temper::models {
namespace {

constexpr std::array<Index, 3> kResNetWidths = {16, 32, 64};

// relu(bn<number>(conv<number>(x))), the convolution 3x3.
layers::ConvBatchNorm conv3x3(const ParameterStore::Scope& scope, const char* number, Index in, Index out, Index stride = 1) {
  return {scope / str_cat("conv", number),
          {.in = in, .out = out, .kernel = 3, .stride = stride, .padding = 1, .bias = false, .weight_init = layers::kaiming_normal()},
          scope / str_cat("bn", number),
          {.options = {.relu = true}}};
}

}  // namespace

BasicBlock::BasicBlock(const ParameterStore::Scope& scope, Index in, Index out, Index stride)
    : first_(conv3x3(scope, "1", in, out, stride)), second_(conv3x3(scope, "2", out, out)), out_(out), stride_(stride) {}

Tensor BasicBlock::operator()(Tensor x) const {
  Tensor shortcut = x.shape().last() == out_ ? x : downsample_pad_channels(x, stride_, out_);
  return conv_bn_relu_conv(first_, second_, std::move(x), std::move(shortcut));
}

ResNet::ResNet(const ParameterStore::Scope& scope, const ResNetSpec& spec)
    : stem_(conv3x3(scope, "1", spec.image[2], kResNetWidths[0])),
      fc_(scope / "fc", {.inputs = kResNetWidths[2], .outputs = spec.classes}) {
  TEMPER_CHECK(spec.depth >= 8 && spec.depth % 6 == 2, "--model: resnet", spec.depth,
               " has no such depth; give 6 n + 2, e.g. resnet20 or resnet56");
  TEMPER_CHECK(spec.depth <= kDeepestResNet, "--model: resnet", spec.depth, " is deeper than ", kDeepestResNet,
               " layers, the most that are made; give fewer, e.g. resnet56 or resnet110");
  Index in = kResNetWidths[0];
  for (std::size_t group = 0; group < kResNetWidths.size(); ++group) {
    for (Index i = 0; i < (spec.depth - 2) / 6; ++i) {
      blocks_.emplace_back(scope / str_cat("layer", group + 1) / std::to_string(i), in, kResNetWidths[group], group > 0 && i == 0 ? 2 : 1);
      in = kResNetWidths[group];
    }
  }
}

Tensor ResNet::operator()(Tensor images) {  // (N,H,W,C)
  Tensor x = stem_(std::move(images));      // (N,H,W,16)
  for (const BasicBlock& block : blocks_) x = block(std::move(x));
  return fc_(global_avg_pool(std::move(x)));  // (N,H/4,W/4,64) -> (N,64) -> (N,K)
}

std::vector<NetworkKind> ResNet::kinds() {
  return {{.name = "resnetD",
           .example = "resnet20",
           .usual_image = {32, 32, 3},
           .description = "the CIFAR ResNet of depth D = 6 n + 2 with 16, 32 and 64 channels (He et al. 2016)",
           .make = [](const ParameterStore::Scope& scope, const NetworkSpec& spec, Index depth) {
             return std::make_unique<ResNet>(scope, ResNetSpec{spec, depth});
           }}};
}

}  // namespace temper::models
