#include "models/networks/airbench.h"

#include <array>

#include "core/ops/elementwise.h"
#include "core/ops/gelu.h"
#include "core/ops/max_pool.h"
#include "layers/init.h"

namespace temper::models {
namespace {

constexpr Index kPatch = 2, kLastPool = 3;
constexpr std::array<Index, 3> kAirbenchWidths = {64, 256, 256};
constexpr float kLogitScale = 1.0f / 9;

layers::Conv2d conv3x3(const ParameterStore::Scope& scope, Index in, Index out) {
  return {scope, {.in = in, .out = out, .kernel = 3, .padding = 1, .bias = false, .weight_init = layers::dirac()}};
}

layers::BatchNorm norm(const ParameterStore::Scope& scope, Index channels) {
  return {scope, {.channels = channels, .options = {.epsilon = 1e-12f, .momentum = 0.4f}, .scale = false}};
}

// What is left of a height or width where the last convolution ends: the patches fit once less a side, and every pool rounds down.
Index last_extent(Index extent) { return (extent - kPatch + 1) / 2 / 2 / 2 / kLastPool; }

Shape features(const Shape& image) {
  const Index H = last_extent(image[0]), W = last_extent(image[1]);
  TEMPER_CHECK(H >= 1 && W >= 1, "--model: airbench takes images of 25x25 or larger, these are ", image[0], "x", image[1],
               "; use cnn or mlp");
  return {H, W, kAirbenchWidths.back()};
}

}  // namespace

AirbenchBlock::AirbenchBlock(const ParameterStore::Scope& scope, Index in, Index out)
    : conv1_(conv3x3(scope / "conv1", in, out)),
      norm1_(norm(scope / "norm1", out)),
      conv2_(conv3x3(scope / "conv2", out, out)),
      norm2_(norm(scope / "norm2", out)) {}

Tensor AirbenchBlock::operator()(Tensor x) const {
  x = gelu(norm1_(max_pool(conv1_(std::move(x)), {.kernel = 2})));
  return gelu(norm2_(conv2_(std::move(x))));
}

Airbench::Airbench(const ParameterStore::Scope& scope, const NetworkSpec& spec)
    : whiten_(scope / "whiten", {.in = spec.image[2], .kernel = kPatch}),
      head_(scope / "head", {.inputs = features(spec.image), .outputs = spec.classes, .bias = false}) {
  Index in = whiten_.bias.shape[0];
  for (std::size_t i = 0; i < kAirbenchWidths.size(); ++i) {
    blocks_.emplace_back(scope / str_cat("block", i + 1), in, kAirbenchWidths[i]);
    in = kAirbenchWidths[i];
  }
}

Tensor Airbench::operator()(Tensor images) {                           // (N,32,32,3)
  Tensor x = gelu(whiten_(std::move(images)));                         // (N,31,31,24)
  for (const AirbenchBlock& block : blocks_) x = block(std::move(x));  // (N,15,15,64) (N,7,7,256) (N,3,3,256)
  x = max_pool(std::move(x), {.kernel = kLastPool});                   // (N,1,1,256)
  return scale(head_(std::move(x)), kLogitScale);                      // (N,K)
}

std::vector<NetworkKind> Airbench::kinds() {
  return {{.name = "airbench",
           .usual_image = {32, 32, 3},
           .description = "for speed records on CIFAR-10: a whitening layer and six 3x3 convolutions (Jordan 2024)",
           .make = factory_of<Airbench>()}};
}

}  // namespace temper::models
