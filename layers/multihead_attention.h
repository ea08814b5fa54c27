// Attention with its projections.
#pragma once

#include <cstdint>
#include <span>

#include "core/engine/parameters.h"
#include "core/engine/tensor.h"

namespace temper::layers {

struct MultiheadAttentionSpec {
  Index features = 0, heads = 1;
  float dropout = 0;  // of the attention weights, on a tape
  bool bias = true;   // of the projections, from 0
};

// Which keys a query sees: core/ops/attention.h.
struct AttentionMask {
  std::span<const std::int32_t> key_lengths = {};  // (N); empty: all
  bool causal = false;
};

// Projections to query, key and value, core/ops/attention.h in each head, and a projection of the heads' outputs. Parameters, named as in
// PyTorch's nn.MultiheadAttention: in_proj_weight (3D,D), the three stacked, in_proj_bias (3D), out_proj.weight (D,D) and out_proj.bias
// (D). Each of the four matrices is initialised with Glorot's uniform for its own (D,D).
class MultiheadAttention {
 public:
  MultiheadAttention(const ParameterStore::Scope& scope, const MultiheadAttentionSpec& spec);

  // x(N,L,D) attends to itself.
  Tensor operator()(const Tensor& x, const AttentionMask& mask = {}) const;

  // x(N,L,D) attends to memory(N,S,D), given as key_value(memory), which is projected once for many queries.
  Tensor operator()(const Tensor& x, const Tensor& key_value, const AttentionMask& mask = {}) const;
  Tensor key_value(const Tensor& memory) const;

 private:
  Tensor project(const Tensor& x, Index first, Index parts) const;
  Tensor output(const Tensor& heads) const;

  Parameter& in_weight_;
  Parameter* in_bias_;  // null: none
  Parameter& out_weight_;
  Parameter* out_bias_;  // null: none
  Index features_, heads_;
  float dropout_;
};

}  // namespace temper::layers
