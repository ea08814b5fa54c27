// The losses that a network is trained on.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "data/loader.h"
#include "models/model.h"
#include "models/training/distillation.h"
#include "models/training/recipe.h"

namespace temper::training {

// The loss of a batch. Called while the tape records; a function of the logits.
class Loss {
 public:
  // companion: how a teacher sees images, where that differs from the student; the loss finds them in Batch::companion_images.
  template <class Function>
  requires(!std::is_same_v<std::remove_cvref_t<Function>, Loss>)
      Loss(Function function, std::optional<data::Preprocessing> companion = {})  // NOLINT(google-explicit-constructor): a lambda is a loss
      : function_(std::move(function)), companion_(std::move(companion)) {}

  Tensor operator()(const Tensor& logits, const data::Batch& batch) const { return function_(logits, batch); }
  const std::optional<data::Preprocessing>& companion() const { return companion_; }

 private:
  std::function<Tensor(const Tensor& logits, const data::Batch& batch)> function_;
  std::optional<data::Preprocessing> companion_;
};

// Cross entropy with the recipe's label smoothing and loss scale.
Loss cross_entropy(const Recipe& recipe);

// The loss of a student. The teacher is frozen by construction: it runs with the tape paused, where nothing is recorded and no statistic
// moves. Both look at the same place of the same augmented image, each in its own crop and standardisation: a teacher of whole images sees
// the image moved and mirrored as the student's crop of it is. The recipe's smoothing applies to the labels' part, its loss scale to all.
// Throws Error when the teacher does not fit the images of `train_set` or knows other classes. Keeps a reference to the teacher.
Loss distillation_loss(const models::Model& teacher, const models::Model& student, const data::Dataset& train_set,
                       const Distillation& distillation, const Recipe& recipe);

}  // namespace temper::training
