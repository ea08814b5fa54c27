// The teacher of a student: a network, an ensemble, or a table of logits of any program.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/loader.h"
#include "models/networks/model.h"
#include "models/training/distillation.h"
#include "models/training/recipe.h"

namespace temper::training {

// Logits of another program's network, a row for each training sample.
struct TeacherFile {
  std::string logits;          // a file that data/tables/table.h reads
  bool probabilities = false;  // it holds probabilities
};

// The constructors check that the teacher fits its student: the same classes in the same order, and images of a shape that it takes. It is
// not trained: its networks run with the tape paused, where nothing is recorded and no statistic is updated.
//
// Several networks form an ensemble, the mean of their probabilities at the distillation's temperature T: the logits
//   z = T log( 1/M sum_m softmax(z_m / T) ),   up to a constant of each row,
// have that mean as softmax(z / T) (Hinton et al. 2015, section 2, with the arithmetic mean). Of the form `logits` it is the mean of the
// logits, to which the distance has the same gradient as the mean of the distances.
class Teacher {
 public:
  // At least one. Throws Error "--teacher: ..." when one of them does not fit the images of `train` or has other classes than the student.
  // References to the networks are kept.
  Teacher(std::vector<const models::Model*> networks, const models::Model& student, const data::Dataset& train,
          const Distillation& distillation);
  // Logits of each sample of `train`, in its order. Throws Error naming the file when rows or classes are not as many, values not finite or
  // not what was said; and "--teacher-logits: ..." when the recipe augments images at random, for which such a file has no logits.
  Teacher(const TeacherFile& file, const models::Model& student, const data::Dataset& train, const Recipe& recipe);

  // The logits of every sample of `train`, as it is without augmentation. Where the recipe shows them in this way always, they are kept by
  // sample: a batch then costs no pass through a network. on_progress: images that a network has seen, of all that all have to see.
  using Progress = std::function<void(Index done, Index all)>;
  calibration::Predictions cache_logits(const data::Dataset& train, const Recipe& recipe, const Progress& on_progress = {});
  bool has_cached_logits() const { return cached_logits_ != nullptr; }

  // (N,K), of a batch of the loader that has companions() and the set that was studied.
  Tensor operator()(const data::Batch& batch) const;

  // How the networks see images, where that differs from their student.
  const std::vector<data::Preprocessing>& extra_preprocessing() const { return extra_preprocessing_; }

 private:
  std::size_t find_preprocessing(const data::Preprocessing& own, const data::Preprocessing& student);
  void combine(std::span<const float* const> each, Index rows, float* together) const;

  static constexpr std::size_t kAsStudent = static_cast<std::size_t>(-1);

  Index classes_;
  std::vector<const models::Model*> networks_;
  std::vector<std::size_t> preprocessing_index_;  // of each: number of the companion, or kAsStudent
  std::vector<data::Preprocessing> extra_preprocessing_;
  Shape student_input_shape_;  // by the student
  Distillation distillation_;
  std::shared_ptr<const calibration::Predictions> cached_logits_;  // by sample
};

// Whether the recipe shows each image of the set always in the same way, to networks that see `seen` of it.
bool is_deterministic(const Recipe& recipe, const data::Dataset& train, const Shape& input_shape);

}  // namespace temper::training
