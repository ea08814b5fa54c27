// The loss of a classifier on its logits, with label smoothing.
#pragma once

#include <cstdint>
#include <span>

#include "core/engine/tensor.h"

namespace temper {

struct CrossEntropyOptions {
  float smoothing = 0;                        // alpha in [0,1]; 0: none, 1: the targets are ignored
  std::span<const float> class_weights = {};  // (K), none negative; empty: 1 for every class
  std::int32_t ignore_index = -100;           // samples with this label are ignored; it may be a class as well
};

// The mean cross-entropy of the rows z_i of logits (..., K) with their smoothed targets:
//
//   loss = sum_i w_i H(q_i, softmax(z_i)) / sum_i w_i,   H(q, p) = - sum_k q_k log p_k,   q_i = (1 - alpha) t_i + alpha / K.
//
// t_i is the one-hot form of a label or a row of probabilities. This is the paper's smoothing (Müller, Kornblith, Hinton: When Does Label
// Smoothing Help?, NeurIPS 2019): the K classes, the target among them, share alpha.
// w_i is the class weight of the label, or sum_k t_ik weight_k; 0 where ignored. It weights the sample as a whole, so that the best
// prediction is still q_i. (PyTorch weights every class's part of q_i when it smooths, which moves the optimum, and divides by N for
// probabilities.) A sample of weight 0 is ignored, whatever its logits; when all are, the loss and its gradient are 0.
//
// requires: a label in 0..K-1 or ignore_index for every row; or probabilities shaped as the logits, none negative, each row of sum 1 within
//   1e-4. Throws Error naming the sample otherwise, and for options out of range.
// ensures: no overflow for any finite logits. A logit of -inf rules a class out: it adds 0 to the loss where q is 0, +inf elsewhere.
//   NaN or +inf in a row that counts gives NaN.
// gradient: dz_ik = dloss w_i / sum_j w_j (softmax(z_i)_k - q_ik); none for the targets. Keeps that, not the logits or the targets: what
//   the spans point to need not outlive the call.
Tensor softmax_cross_entropy(Tensor logits, std::span<const std::int32_t> labels, const CrossEntropyOptions& options = {});
Tensor softmax_cross_entropy(Tensor logits, const Tensor& target_probabilities, const CrossEntropyOptions& options = {});

}  // namespace temper
