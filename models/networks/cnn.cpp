#include "models/networks/cnn.h"

#include "layers/conv_batch_norm.h"
#include "layers/init.h"
#include "layers/linear.h"
#include "layers/pool.h"

namespace temper::models {

Cnn::Cnn(const ParameterStore::Scope& scope, const NetworkSpec& spec) {
  const Index H = spec.image[0], W = spec.image[1], C = spec.image[2];
  TEMPER_CHECK(H >= 4 && W >= 4, "--model: cnn takes images of 4x4 or larger, these are ", H, "x", W, "; use mlp");
  const auto conv_relu = [&](const char* number, Index in, Index out) {
    return layers::ConvBatchNorm(scope / str_cat("conv", number),
                                 {.in = in, .out = out, .kernel = 3, .padding = 1, .bias = false, .weight_init = layers::kaiming_normal()},
                                 scope / str_cat("bn", number), {.options = {.relu = true}});
  };
  const layers::MaxPool halve({.kernel = 2, .stride = 2});
  layers_ = {
      conv_relu("1", C, 32),  // (N,H,W,32)
      conv_relu("2", 32, 32),
      halve,                                                                                  // (N,H/2,W/2,32)
      conv_relu("3", 32, 64),                                                                 // (N,H/2,W/2,64)
      halve,                                                                                  // (N,H/4,W/4,64)
      layers::Linear(scope / "fc", {.inputs = {H / 4, W / 4, 64}, .outputs = spec.classes}),  // (N,K)
  };
}

std::vector<NetworkKind> Cnn::kinds() {
  return {
      {.name = "cnn", .description = "three 3x3 convolutions with batch normalisation, for images from 4x4 up", .make = factory_of<Cnn>()}};
}

}  // namespace temper::models
