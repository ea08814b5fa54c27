#include "models/networks/wide_resnet.h"

#include <array>

#include "core/ops/avg_pool.h"
#include "core/ops/elementwise.h"
#include "layers/init.h"
#include "models/networks/resnet.h"

namespace temper::models {
namespace {

constexpr Index kStem = 16;
constexpr std::array<Index, 3> kWideResNetWidths = {32, 64, 128};

layers::Conv2d conv(const ParameterStore::Scope& scope, Index in, Index out, Index kernel, Index stride) {
  return {scope,
          {.in = in,
           .out = out,
           .kernel = kernel,
           .stride = stride,
           .padding = kernel / 2,
           .bias = false,
           .weight_init = layers::lecun_normal()}};
}

layers::BatchNorm norm(const ParameterStore::Scope& scope, Index channels, bool relu) {
  return {scope, {.channels = channels, .options = {.relu = relu}}};
}

}  // namespace

PreactivationBlock::PreactivationBlock(const ParameterStore::Scope& scope, Index in, Index out, Index stride, bool project)
    : bn1_(norm(scope / "bn1", in, true)),
      conv1_(conv(scope / "conv1", in, out, 3, stride)),
      bn2_(norm(scope / "bn2", out, true)),
      conv2_(conv(scope / "conv2", out, out, 3, 1)) {
  if (project) projection_.emplace(Projection{conv(scope / "downsample.0", in, out, 1, stride), norm(scope / "downsample.1", out, false)});
}

Tensor PreactivationBlock::operator()(Tensor x) const {
  Tensor z = bn1_(x);
  Tensor shortcut = projection_ ? projection_->bn(projection_->conv(z)) : std::move(x);
  return add(conv2_(bn2_(conv1_(std::move(z)))), std::move(shortcut));
}

WideResNet::WideResNet(const ParameterStore::Scope& scope, const WideResNetSpec& spec)
    : conv1_(conv(scope / "conv1", spec.image[2], kStem, 3, 1)),
      bn1_(norm(scope / "bn1", kStem, true)),
      fc_(scope / "fc", {.inputs = kWideResNetWidths[2], .outputs = spec.classes}) {
  TEMPER_CHECK(spec.depth >= 8 && spec.depth % 6 == 2, "--model: resnet", spec.depth,
               "-wide has no such depth; give 6 n + 2, e.g. resnet20-wide or resnet56-wide");
  TEMPER_CHECK(spec.depth <= kDeepestResNet, "--model: resnet", spec.depth, "-wide is deeper than ", kDeepestResNet,
               " layers, the most that are made; give fewer, e.g. resnet56-wide");
  Index in = kStem;
  for (std::size_t group = 0; group < kWideResNetWidths.size(); ++group) {
    for (Index i = 0; i < (spec.depth - 2) / 6; ++i) {
      const bool first = i == 0;
      blocks_.emplace_back(scope / str_cat("layer", group + 1) / std::to_string(i), in, kWideResNetWidths[group],
                           group > 0 && first ? 2 : 1, first);
      in = kWideResNetWidths[group];
    }
  }
}

Tensor WideResNet::operator()(Tensor images) {  // (N,H,W,C)
  Tensor x = bn1_(conv1_(std::move(images)));   // (N,H,W,16)
  for (const PreactivationBlock& block : blocks_) x = block(std::move(x));
  return fc_(global_avg_pool(std::move(x)));  // (N,H/4,W/4,128) -> (N,128) -> (N,K)
}

std::vector<NetworkKind> WideResNet::kinds() {
  return {{.name = "resnetD-wide",
           .example = "resnet56-wide",
           .usual_image = {32, 32, 3},
           .description = "the same with 32, 64 and 128 channels, normalised before each convolution; resnet56-wide is the paper's teacher",
           .make = [](const ParameterStore::Scope& scope, const NetworkSpec& spec, Index depth) {
             return std::make_unique<WideResNet>(scope, WideResNetSpec{spec, depth});
           }}};
}

}  // namespace temper::models
