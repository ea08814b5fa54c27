#include "models/training/loss.h"

#include "core/ops/distillation.h"
#include "core/ops/elementwise.h"
#include "core/ops/softmax_cross_entropy.h"

namespace temper::training {
namespace {

Tensor scaled(Tensor loss, float factor) { return factor == 1 ? loss : scale(std::move(loss), factor); }

}  // namespace

Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> labels, const Recipe& recipe) {
  return scaled(softmax_cross_entropy(logits, labels, {.smoothing = recipe.smoothing}), recipe.loss_scale);
}

Loss cross_entropy(const Recipe& recipe, std::vector<float> class_weights) {
  return [smoothing = recipe.smoothing, factor = recipe.loss_scale, weights = std::move(class_weights)](const Tensor& logits,
                                                                                                        const data::Batch& batch) {
    const CrossEntropyOptions options{.smoothing = smoothing, .class_weights = weights};
    Tensor loss = softmax_cross_entropy(logits, batch.labels, options);
    if (!batch.mixed_labels.empty()) {
      Tensor other = softmax_cross_entropy(logits, batch.mixed_labels, options);
      loss = add(scale(std::move(loss), batch.mixup_lambda), scale(std::move(other), 1 - batch.mixup_lambda));
    }
    return scaled(std::move(loss), factor);
  };
}

namespace {

// What the student loses to its teacher.
class SoftLoss {
 public:
  explicit SoftLoss(const Distillation& distillation)
      : form_(distillation.form),
        options_{.teacher_temperature = distillation.teacher_temperature,
                 .student_temperature = distillation.student_t(),
                 .scale_by_squared_temperature = distillation.times_squared()},
        weights_{.target = distillation.target_weight, .non_target = distillation.non_target_weight} {}

  Tensor operator()(const Tensor& logits, const Tensor& teacher_logits, std::span<const std::int32_t> labels) const {
    if (form_ == Distillation::Form::logits) return logit_matching_loss(logits, teacher_logits);
    if (form_ != Distillation::Form::decoupled) return temper::distillation_loss(logits, teacher_logits, options_);
    return decoupled_distillation_loss(logits, teacher_logits, labels, weights_, options_);
  }
  // Both labels of mixed images, weighted by their shares; only `decoupled` uses them.
  Tensor operator()(const Tensor& logits, const Tensor& teacher_logits, const data::Batch& batch) const {
    if (batch.mixed_labels.empty() || form_ != Distillation::Form::decoupled) return (*this)(logits, teacher_logits, batch.labels);
    return add(scale((*this)(logits, teacher_logits, batch.labels), batch.mixup_lambda),
               scale((*this)(logits, teacher_logits, batch.mixed_labels), 1 - batch.mixup_lambda));
  }

 private:
  Distillation::Form form_;
  DistillationOptions options_;
  DecoupledWeights weights_;
};

}  // namespace

Tensor student_loss(const Tensor& logits, const std::function<Tensor()>& teacher_logits, std::span<const std::int32_t> labels,
                    const Recipe& recipe) {
  const float beta = recipe.distillation.beta;
  if (beta == 0) return cross_entropy(logits, labels, recipe);
  Tensor soft = scaled(SoftLoss(recipe.distillation)(logits, teacher_logits(), labels), recipe.loss_scale);
  if (beta == 1) return soft;
  return add(scale(cross_entropy(logits, labels, recipe), 1 - beta), scale(std::move(soft), beta));
}

Loss distillation_loss(Teacher teacher, const Distillation& distillation, const Recipe& recipe, std::vector<float> class_weights) {
  distillation.check();
  std::vector<data::Preprocessing> companions = teacher.extra_preprocessing();
  const auto loss = [teacher = std::move(teacher), soft_loss = SoftLoss(distillation), beta = distillation.beta, factor = recipe.loss_scale,
                     labels_loss = cross_entropy(recipe, std::move(class_weights))](const Tensor& logits, const data::Batch& batch) {
    if (beta == 0) return labels_loss(logits, batch);
    Tensor soft = scaled(soft_loss(logits, teacher(batch), batch), factor);
    if (beta == 1) return soft;
    return add(scale(labels_loss(logits, batch), 1 - beta), scale(std::move(soft), beta));
  };
  return {loss, std::move(companions)};
}

Loss distillation_loss(const models::Model& teacher, const models::Model& student, const data::Dataset& train_set,
                       const Distillation& distillation, const Recipe& recipe) {
  Teacher one({&teacher}, student, train_set, distillation);
  if (distillation.beta > 0 && is_deterministic(recipe, train_set, student.spec.image)) one.cache_logits(train_set, recipe);
  return distillation_loss(std::move(one), distillation, recipe);
}

}  // namespace temper::training
