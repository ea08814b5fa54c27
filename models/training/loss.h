// The losses that a network is trained on.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "data/loader.h"
#include "models/networks/model.h"
#include "models/training/distillation.h"
#include "models/training/recipe.h"
#include "models/training/teacher.h"

namespace temper::training {

// The loss of a batch. Called while the tape records; a function of the logits.
class Loss {
 public:
  // extra_preprocessing: the preprocessing of teachers, where it differs from the student's; their images are in Batch::extra_images.
  template <class Function>
  requires(!std::is_same_v<std::remove_cvref_t<Function>, Loss>)
      Loss(Function function,
           std::vector<data::Preprocessing> extra_preprocessing = {})  // NOLINT(google-explicit-constructor): a lambda is a loss
      : function_(std::move(function)), extra_preprocessing_(std::move(extra_preprocessing)) {}

  Tensor operator()(const Tensor& logits, const data::Batch& batch) const { return function_(logits, batch); }
  const std::vector<data::Preprocessing>& extra_preprocessing() const { return extra_preprocessing_; }

 private:
  std::function<Tensor(const Tensor& logits, const data::Batch& batch)> function_;
  std::vector<data::Preprocessing> extra_preprocessing_;
};

// Cross entropy with the recipe's label smoothing and loss scale.
Tensor cross_entropy(const Tensor& logits, std::span<const std::int32_t> labels, const Recipe& recipe);
// Of both labels where images are mixed. class_weights: a weight a class, see class_weights.h; the mean is then weighted by the labels of
// the batch, or of the shard that is computed at a time.
Loss cross_entropy(const Recipe& recipe, std::vector<float> class_weights = {});

// (1 - beta) cross entropy + beta the teacher's part, in the form of recipe.distillation. teacher_logits is called only if beta > 0.
Tensor student_loss(const Tensor& logits, const std::function<Tensor()>& teacher_logits, std::span<const std::int32_t> labels,
                    const Recipe& recipe);

// The loss of a student. It and its teachers look at the same place of the same augmented image, each in its own crop and standardisation:
// a teacher of whole images sees the image moved and mirrored as the student's crop of it is. The recipe's smoothing applies to the labels'
// part, its loss scale to all. With mixup the form `decoupled` takes both labels, each in its share, as cross entropy does.
// class_weights: of the labels' part.
Loss distillation_loss(Teacher teacher, const Distillation& distillation, const Recipe& recipe, std::vector<float> class_weights = {});
// The same of one network, which has studied where its logits can be kept. Throws as Teacher. Keeps a reference to the network.
Loss distillation_loss(const models::Model& teacher, const models::Model& student, const data::Dataset& train_set,
                       const Distillation& distillation, const Recipe& recipe);

}  // namespace temper::training
