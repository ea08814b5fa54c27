#include "models/training/distillation.h"

#include <cmath>

#include "core/ops/distillation.h"
#include "core/ops/elementwise.h"
#include "core/ops/softmax_cross_entropy.h"
#include "core/tape.h"

namespace temper::training {
namespace {

// Two networks that are to be compared sample by sample must look at the same numbers and mean the same by them.
void check_agree(const models::Model& teacher, const models::Model& student) {
  TEMPER_CHECK(teacher.spec.image == student.spec.image, "--teacher: it takes images of ", teacher.spec.image, ", the data has ",
               student.spec.image, "; give a teacher that was trained on this data");
  TEMPER_CHECK(teacher.class_names == student.class_names, "--teacher: its ", teacher.class_names.size(), " classes are not the ",
               student.class_names.size(), " of the data; give a teacher that was trained on this data");
  TEMPER_CHECK(teacher.normalization.mean == student.normalization.mean && teacher.normalization.std == student.normalization.std,
               "--teacher: it normalises images in another way than the student; give a teacher that was trained on this data");
}

}  // namespace

void Distillation::check() const {
  TEMPER_CHECK(temperature > 0 && std::isfinite(temperature), "--temperature: ", temperature,
               " is not allowed; give a finite number above 0");
  TEMPER_CHECK(beta >= 0 && beta <= 1, "--beta: ", beta,
               " is not allowed; give a number in [0,1], the weight of the teacher against the labels");
}

std::string_view name(Distillation::Form form) { return form == Distillation::Form::paper ? "paper" : "hinton"; }

Distillation::Form distillation_form(std::string_view name) {
  TEMPER_CHECK(name == "paper" || name == "hinton", "--form: ", name,
               " is not known; give paper (temperature on the teacher alone) or hinton (on both, times T^2)");
  return name == "paper" ? Distillation::Form::paper : Distillation::Form::hinton;
}

Loss distillation_loss(const models::Model& teacher, const models::Model& student, const Distillation& distillation, const Recipe& recipe) {
  distillation.check();
  check_agree(teacher, student);
  const bool hinton = distillation.form == Distillation::Form::hinton;
  const DistillationOptions options{.teacher_temperature = distillation.temperature,
                                    .student_temperature = hinton ? distillation.temperature : 1,
                                    .scale_by_squared_temperature = hinton};
  return
      [&teacher, options, beta = distillation.beta, labels_loss = cross_entropy(recipe)](const Tensor& logits, const data::Batch& batch) {
        if (beta == 0) return labels_loss(logits, batch);
        Tensor teacher_logits;
        {
          const Tape::Pause frozen;
          teacher_logits = teacher(batch.images);
        }
        Tensor soft = distillation_loss(logits, std::move(teacher_logits), options);
        if (beta == 1) return soft;
        return add(scale(labels_loss(logits, batch), 1 - beta), scale(std::move(soft), beta));
      };
}

}  // namespace temper::training
