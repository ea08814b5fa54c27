// Scaled dot-product attention with several heads: Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2.
#pragma once

#include <cstdint>
#include <span>

#include "core/base/random.h"
#include "core/engine/tensor.h"

namespace temper {

struct AttentionOptions {
  Index heads = 1;                                 // H; each has D / H neighbouring features
  bool causal = false;                             // query i sees keys 0..i
  std::span<const std::int32_t> key_lengths = {};  // (N); sequence n has its keys in [first, first + length), the others are padding and
                                                   // are never read. Empty: all keys
  std::span<const std::int32_t> first_keys = {};   // (N); empty: 0. For sequences padded on the left
  float dropout = 0;                               // of the weights, on a tape
  Random random = Random(0, {});                   // for it; a stream of its own for every call
};

// For every sequence and head, with q, k, v the head's features of each and d = D / H:
//   y_i = sum_j w_ij v_j,   w_i = softmax over the visible keys j of q_i . k_j / sqrt(d),
// then dropout on w. Key j is visible to query i when it is no padding and, with `causal`, j <= i.
// attention takes query(N,L,D), key(N,S,D) and value(N,S,D); self_attention takes all three side by side as (N,L,3D), and cross_attention
// query(N,L,D) beside key and value as (N,S,2D), as one matrix product gives them. All return (N,L,D).
//
// requires: D a multiple of the heads; with `causal`, L = S; a key range within 0..S for each of the N sequences.
// ensures: a query that sees no key gives zeros and passes on zero gradients. The values of padded keys and values, even NaN, have no
// effect.
//   A sequence's result does not depend, to the bit, on the other sequences of the batch, and without dropout not on its padding either.
// gradient: recomputes the weights. Keeps the inputs, the output, and one number for every query and head: nothing of size L S.
Tensor attention(Tensor query, Tensor key, Tensor value, const AttentionOptions& options = {});
Tensor self_attention(Tensor query_key_value, const AttentionOptions& options = {});
Tensor cross_attention(Tensor query, Tensor key_value, const AttentionOptions& options = {});

}  // namespace temper
