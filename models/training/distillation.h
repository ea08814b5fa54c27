// Distillation: a student learns from a teacher's probabilities (Hinton et al. 2015; Müller et al. 2019, section 4). Its settings; the loss
// is distillation_loss in models/training/loss.h, the teacher is in models/training/teacher.h.
//
//   loss = (1 - beta) H(y_LS, p(1)) + beta soft,   where soft is, by the form,
//   paper, hinton   KL(p_teacher(T) || p_student(T_s))                                     [ * T T_s ]
//   logits          1/2 ||z_student - z_teacher||^2
//   decoupled       target_weight TCKD(T, T_s) + non_target_weight NCKD(T, T_s)            [ * T T_s ]
#pragma once

#include <string_view>

#include "core/base/shape.h"

namespace temper::training {

struct Distillation {
  // Whose temperature: the paper softens the teacher alone, without a factor; Hinton et al. both, with the factor T^2. `logits` has none:
  // it is what both become for high temperatures, apart from the mean of the logits, and what the paper's MNIST students learned from.
  // `decoupled` (Zhao et al. 2022, see core/ops/distillation.h) has Hinton's temperatures and weighs the label's class apart.
  enum class Form { paper, hinton, logits, decoupled };
  enum class Factor { form, none, squared };  // by the form, none, or T T_s

  float teacher_temperature = 1;  // T > 0, of the teacher
  float student_temperature = 0;  // T_s > 0; 0: as the form has it
  Factor factor = Factor::form;
  float beta = 1;  // weight of the teacher; at 1 the labels are ignored in `paper`, `hinton` and `logits`
  Form form = Form::paper;
  float target_weight = 1, non_target_weight = 8;  // of `decoupled`: alpha and beta of its paper

  // What the form makes of settings that are left to it.
  float student_t() const;
  bool times_squared() const;

  bool operator==(const Distillation&) const = default;

  void check() const;               // throws Error "--option: ..."
  void check(Index classes) const;  // also what needs to know K
};

std::string_view name(Distillation::Form form);
std::string_view name(Distillation::Factor factor);
Distillation::Form parse_distillation_form(std::string_view name);
Distillation::Factor parse_distillation_factor(std::string_view name);

}  // namespace temper::training
