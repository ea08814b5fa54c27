#include "models/training/loss.h"

#include "core/ops/distillation.h"
#include "core/ops/elementwise.h"
#include "core/ops/mean.h"
#include "core/ops/softmax_cross_entropy.h"
#include "core/tape.h"

namespace temper::training {
namespace {

// Two networks that are to be compared sample by sample must mean the same by their classes, and take the same images.
void check_agree(const models::Model& teacher, const models::Model& student, const data::Dataset& set) {
  const Index crop = teacher.preprocessing.crop;
  const bool fits = teacher.spec.image.last() == set.image.last() &&
                    (crop == 0 ? teacher.spec.image == set.image : crop <= std::min(set.image[0], set.image[1]));
  TEMPER_CHECK(fits, "--teacher: it takes images of ", teacher.spec.image, ", the data has ", set.image,
               "; give a teacher that was trained on this data");
  TEMPER_CHECK(teacher.class_names == student.class_names, "--teacher: its ", teacher.class_names.size(), " classes are not the ",
               student.class_names.size(), " of the data; give a teacher that was trained on this data");
}

// The mean over the batch of half the squared distance.
Tensor half_squared_distance(const Tensor& a, Tensor b) {
  const auto K = static_cast<float>(a.shape().last());
  const Tensor difference = add(a, scale(std::move(b), -1));
  return scale(mean(multiply(difference, difference)), K / 2);
}

Tensor scaled(Tensor loss, float factor) { return factor == 1 ? loss : scale(std::move(loss), factor); }

}  // namespace

Loss cross_entropy(const Recipe& recipe) {
  return [smoothing = recipe.smoothing, factor = recipe.loss_scale](const Tensor& logits, const data::Batch& batch) {
    Tensor loss = softmax_cross_entropy(logits, batch.labels, {.smoothing = smoothing});
    if (!batch.other_labels.empty()) {
      Tensor other = softmax_cross_entropy(logits, batch.other_labels, {.smoothing = smoothing});
      loss = add(scale(std::move(loss), batch.share), scale(std::move(other), 1 - batch.share));
    }
    return scaled(std::move(loss), factor);
  };
}

Loss distillation_loss(const models::Model& teacher, const models::Model& student, const data::Dataset& train_set,
                       const Distillation& distillation, const Recipe& recipe) {
  distillation.check();
  check_agree(teacher, student, train_set);
  const bool hinton = distillation.form == Distillation::Form::hinton;
  const DistillationOptions options{.teacher_temperature = distillation.temperature,
                                    .student_temperature = hinton ? distillation.temperature : 1,
                                    .scale_by_squared_temperature = hinton};
  const bool same_eyes = teacher.preprocessing == student.preprocessing;
  const bool on_logits = distillation.form == Distillation::Form::logits;
  const auto loss = [&teacher, options, same_eyes, on_logits, beta = distillation.beta, factor = recipe.loss_scale,
                     labels_loss = cross_entropy(recipe)](const Tensor& logits, const data::Batch& batch) {
    if (beta == 0) return labels_loss(logits, batch);
    Tensor teacher_logits;
    {
      const Tape::Pause frozen;
      teacher_logits = teacher(same_eyes ? batch.images : batch.companion_images);
    }
    Tensor soft = on_logits ? half_squared_distance(logits, std::move(teacher_logits))
                            : distillation_loss(logits, std::move(teacher_logits), options);
    soft = scaled(std::move(soft), factor);
    if (beta == 1) return soft;
    return add(scale(labels_loss(logits, batch), 1 - beta), scale(std::move(soft), beta));
  };
  return {loss, same_eyes ? std::nullopt : std::optional(teacher.preprocessing)};
}

}  // namespace temper::training
