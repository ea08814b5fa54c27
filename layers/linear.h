// A dense layer.
#pragma once

#include "core/engine/parameters.h"
#include "core/engine/tensor.h"

namespace temper::layers {

// The input of a dense layer: D features, or images of H x W x C.
struct LinearInputs {
  LinearInputs(Index features) : shape({features}) {}                         // NOLINT(google-explicit-constructor): .inputs = 192
  LinearInputs(const Shape& features_or_image) : shape(features_or_image) {}  // NOLINT(google-explicit-constructor): an image's shape
  LinearInputs(Index height, Index width, Index channels) : shape({height, width, channels}) {}  // .inputs = {4, 4, 64}

  Shape shape;
};

struct LinearSpec {
  LinearInputs inputs;
  Index outputs = 0;
  bool bias = true;
  Initializer weight_init = {};  // absent: default_weight(). Sees an image's weights as (K, H W C).
  Initializer bias_init = {};    // absent: default_bias(D or H W C)
  float decay_factor = 1;        // of weight and bias
};

// y(N,K) = x weight^T + bias. Parameters: weight (K,D), or (K,H,W,C) on images, and bias (K).
// A matrix for each sequence, x(N,L,D), gives y(N,L,K).
// On images x is (N,H,W,C), or already flattened; files hold that weight as in PyTorch, (K, C H W). Throws Error for an x of other
// features.
struct Linear {
  Linear(const ParameterStore::Scope& scope, const LinearSpec& spec);
  Tensor operator()(Tensor x) const;

  Parameter& weight;
  Parameter* bias;  // null: none
};

}  // namespace temper::layers
