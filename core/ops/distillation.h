// Losses of a student network that learns from a teacher's logits. The teacher is a constant: no gradient flows into it.
#pragma once

#include <cstdint>
#include <span>

#include "core/engine/tensor.h"

namespace temper {

// The defaults are the paper's form (Müller, Kornblith, Hinton: When Does Label Smoothing Help?, NeurIPS 2019) at T = 1: only the teacher
// is softened, by teacher_temperature, and there is no factor. Hinton's form (Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural
// Network, 2015) has the same T on both sides and the factor T^2, without which its gradient would fall as 1 / T^2.
struct DistillationOptions {
  float teacher_temperature = 1;              // T_t > 0
  float student_temperature = 1;              // T_s > 0
  bool scale_by_squared_temperature = false;  // multiply by T_t T_s
};

// loss = factor / N sum_i KL(p_i || q_i),   p_i = softmax(teacher_i / T_t),   q_i = softmax(student_i / T_s),
//
// over the N rows of logits (..., K), with KL(p || q) = sum_k p_k log(p_k / q_k) and factor 1, or T_t T_s when scaled. The papers write the
// cross-entropy H(p, q), which has the same gradient: it is KL plus the entropy of the teacher, a constant. KL is 0 for a perfect student.
//
// requires: logits of equal shape with K >= 1; finite temperatures above 0. Throws Error otherwise.
// ensures: computed in double; no overflow for any finite logits. A logit of -inf is a class ruled out: it adds 0 where the teacher rules
//   it out, +inf where only the student does. NaN or +inf gives NaN. No rows: 0.
// gradient: dstudent_ik = dloss factor / (N T_s) (q_ik - p_ik). Keeps that, not the logits.
Tensor distillation_loss(Tensor student_logits, const Tensor& teacher_logits, const DistillationOptions& options = {});

// loss = 1 / N sum_i ||student_i - teacher_i||^2 / 2 over the N rows of logits (..., K): the paper's MNIST student learns from
// 0.4 cross-entropy + 0.6 of this.
//
// requires: logits of equal shape. No rows: 0.
// gradient: dstudent = dloss (student - teacher) / N. Keeps that, not the logits.
Tensor logit_matching_loss(Tensor student_logits, const Tensor& teacher_logits);

// The weights of the two parts of a decoupled loss: alpha and beta of the paper, with its values for CIFAR-100.
struct DecoupledWeights {
  float target = 1, non_target = 8;
};

// Decoupled knowledge distillation (Zhao et al., "Decoupled Knowledge Distillation", CVPR 2022, equation 8). With y_i the label of row i,
// p = softmax(teacher_i / T_t) and q = softmax(student_i / T_s):
//
//   loss = factor / N sum_i ( target TCKD_i + non_target NCKD_i )
//   TCKD_i = KL((p_y, 1 - p_y) || (q_y, 1 - q_y))                          the label's class against all others
//   NCKD_i = sum_{k != y} p'_k log(p'_k / q'_k),   p'_k = p_k / (1 - p_y)   the other classes among themselves
//
// KL(p || q) = TCKD + (1 - p_y) NCKD: the plain loss gives the other classes little weight where the teacher is confident; this one does
// not. The paper has T_t = T_s = T and the factor T^2.
//
// requires: as distillation_loss, K >= 3 (of two classes the other one is certain), a label in 0..K-1 for every row. Throws Error
// otherwise. ensures: computed in double from logarithms, so that a teacher that is certain of the label still conveys the rest. NaN or
// +inf gives NaN. gradient: dstudent_iy = dloss factor / (N T_s) target (q_y - p_y),
//   dstudent_ik = dloss factor / (N T_s) ( non_target (q'_k - p'_k) - target (q_y - p_y) q'_k ) for k != y. Keeps that, not the logits.
Tensor decoupled_distillation_loss(Tensor student_logits, const Tensor& teacher_logits, std::span<const std::int32_t> labels,
                                   const DecoupledWeights& weights = {}, const DistillationOptions& options = {});

}  // namespace temper
