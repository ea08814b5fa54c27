// Layer normalisation.
#pragma once

#include "core/engine/parameters.h"
#include "core/engine/tensor.h"

namespace temper::layers {

struct LayerNormSpec {
  Index features = 0;
  float epsilon = 1e-5f;
};

// y = layer_norm(x(..., D), weight, bias). Throws Error for an x of other features. Parameters, named as in PyTorch: weight (gamma),
// initially 1, and bias (beta), initially 0, (D) of kind norm.
struct LayerNorm {
  LayerNorm(const ParameterStore::Scope& scope, const LayerNormSpec& spec);
  Tensor operator()(Tensor x) const;

  Parameter& weight;
  Parameter& bias;
  float epsilon;
};

}  // namespace temper::layers
