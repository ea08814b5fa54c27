// A convolution.
#pragma once

#include "core/engine/parameters.h"
#include "core/ops/conv2d.h"

namespace temper::layers {

struct Conv2dSpec {
  Index in = 0;      // channels C
  Index out = 0;     // channels K
  Size2 kernel = 3;  // R x S
  Size2 stride = 1;
  Size2 padding = 0;  // zeros on each side
  Size2 dilation = 1;
  Index groups = 1;
  bool bias = true;
  Initializer weight_init = {};  // absent: default_weight()
  Initializer bias_init = {};    // absent: default_bias(R S C / groups)
  float decay_factor = 1;        // of weight and bias
};

// y(N,P,Q,K) = conv2d(x(N,H,W,C), weight, bias). Throws Error for an x of other channels and for one smaller than the kernel. In evaluation
// the kernels are packed once while an InferenceScope lives. Parameters: weight (K,R,S,C/groups), in files as in PyTorch, and bias (K).
struct Conv2d {
  Conv2d(const ParameterStore::Scope& scope, const Conv2dSpec& spec);
  Tensor operator()(Tensor x) const;

  Parameter& weight;
  Parameter* bias;  // null: none
  Conv2dOptions options;
};

}  // namespace temper::layers
