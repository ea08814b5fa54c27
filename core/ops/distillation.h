// Losses of a student network that learns from a teacher's logits. The teacher is a constant: nothing flows back into it.
#pragma once

#include "core/tensor.h"

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

}  // namespace temper
