// Distillation: a student learns from a teacher's probabilities (Hinton et al. 2015; Müller et al. 2019, section 4).
//
//   loss = (1 - beta) H(y_LS, p(1)) + beta KL(p_teacher(T_teacher) || p_student(T_student))  [ * T_teacher T_student ]
#pragma once

#include "models/model.h"
#include "models/training/trainer.h"

namespace temper::training {

struct Distillation {
  // Whose temperature: the paper softens the teacher alone, without a factor; Hinton et al. both, with the factor T^2.
  enum class Form { paper, hinton };

  float temperature = 1;  // > 0
  float beta = 1;         // weight of the teacher; at 1 the labels play no part
  Form form = Form::paper;

  void check() const;  // throws Error "--option: ..."
};

std::string_view name(Distillation::Form form);
Distillation::Form distillation_form(std::string_view name);

// The loss of a student. The teacher is frozen by construction: it runs with the tape paused, where nothing is recorded and no statistic
// moves. It sees the images that the student sees. The recipe's smoothing applies to the labels' part. Throws Error when the teacher takes
// other images, normalises them in another way or knows other classes. Keeps a reference to the teacher.
Loss distillation_loss(const models::Model& teacher, const models::Model& student, const Distillation& distillation, const Recipe& recipe);

}  // namespace temper::training
