// Distillation: a student learns from a teacher's probabilities (Hinton et al. 2015; Müller et al. 2019, section 4). Its settings; the loss
// is distillation_loss in models/training/loss.h.
//
//   loss = (1 - beta) H(y_LS, p(1)) + beta KL(p_teacher(T_teacher) || p_student(T_student))  [ * T_teacher T_student ]
//   or     (1 - beta) H(y_LS, p(1)) + beta / 2 ||z_student - z_teacher||^2
#pragma once

#include <string_view>

namespace temper::training {

struct Distillation {
  // Whose temperature: the paper softens the teacher alone, without a factor; Hinton et al. both, with the factor T^2. `logits` has none:
  // it is what both become for high temperatures, apart from the mean of the logits, and what the paper's MNIST students learned from.
  enum class Form { paper, hinton, logits };

  float temperature = 1;  // > 0
  float beta = 1;         // weight of the teacher; at 1 the labels play no part
  Form form = Form::paper;

  void check() const;  // throws Error "--option: ..."
};

std::string_view name(Distillation::Form form);
Distillation::Form distillation_form(std::string_view name);

}  // namespace temper::training
