#include "models/training/teacher.h"

#include <algorithm>
#include <cmath>

#include "core/engine/parallel.h"
#include "core/engine/tape.h"
#include "models/calibration/softmax.h"
#include "models/calibration/study/prediction_files.h"

namespace temper::training {
namespace {

constexpr std::size_t kMostKept = std::size_t{1} << 28;  // logits by sample, 1 GiB

// Two networks that are to be compared sample by sample must mean the same by their classes.
void check_classes(const std::vector<std::string>& teacher, const std::vector<std::string>& student) {
  TEMPER_CHECK(teacher.size() == student.size(), "--teacher: its ", teacher.size(), " classes are not the ", student.size(),
               " of the data; give a teacher that was trained on this data");
  const auto [its, ours] = std::mismatch(teacher.begin(), teacher.end(), student.begin());
  TEMPER_CHECK(its == teacher.end(), "--teacher: its classes are not those of the data: class ", its - teacher.begin(), " is ", *its,
               ", here it is ", *ours, "; give a teacher that was trained on this data");
}

void check_fits(const models::Model& teacher, const data::Dataset& set) {
  const Index crop = teacher.preprocessing.crop;
  const bool fits = teacher.spec.image.last() == set.image.last() &&
                    (crop == 0 ? teacher.spec.image == set.image : crop <= std::min(set.image[0], set.image[1]));
  TEMPER_CHECK(fits, "--teacher: it takes images of ", teacher.spec.image, ", the data has ", set.image,
               "; give a teacher that was trained on this data");
}

// A file's logits as they must be for the form. Of probabilities, 0 became -inf: a class ruled out, which a divergence can follow.
void check_values(const calibration::Predictions& known, const TeacherFile& file, Distillation::Form form) {
  const bool may_rule_out = file.probabilities && (form == Distillation::Form::paper || form == Distillation::Form::hinton);
  const auto bad = std::find_if(known.logits.begin(), known.logits.end(), [](float z) { return !std::isfinite(z); });
  TEMPER_CHECK(may_rule_out || bad == known.logits.end(), file.logits, ": class ", (bad - known.logits.begin()) % known.classes,
               " of sample ", (bad - known.logits.begin()) / known.classes, " has ",
               file.probabilities ? "probability 0" : "no finite logit", ", which the form ", name(form),
               " cannot follow; give finite logits");
}

}  // namespace

bool is_deterministic(const Recipe& recipe, const data::Dataset& train, const Shape& input_shape) {
  return recipe.mixup == 0 && !data::varies(recipe.augment, train.image, input_shape) &&
         !(train.photos && data::varies(recipe.augment.photo));
}

Teacher::Teacher(std::vector<const models::Model*> networks, const models::Model& student, const data::Dataset& train,
                 const Distillation& distillation)
    : classes_(student.spec.classes),
      networks_(std::move(networks)),
      student_input_shape_(student.spec.image),
      distillation_(distillation) {
  distillation.check(classes_);
  TEMPER_CHECK(!networks_.empty(), "--teacher: missing; give the folder of a run");
  for (const models::Model* network : networks_) {
    check_fits(*network, train);
    check_classes(network->class_names, student.class_names);
    preprocessing_index_.push_back(find_preprocessing(network->preprocessing, student.preprocessing));
  }
}

Teacher::Teacher(const TeacherFile& file, const models::Model& student, const data::Dataset& train, const Recipe& recipe)
    : classes_(student.spec.classes), student_input_shape_(student.spec.image), distillation_(recipe.distillation) {
  distillation_.check(classes_);
  TEMPER_CHECK(is_deterministic(recipe, train, student_input_shape_),
               "--teacher-logits: the file has the logits of unaugmented images, but this training augments them at random; add --shift 0 "
               "--no-flip --no-random-crop --mixup 0, and for photos --no-random-resized-crop and no colours, or give a --teacher");
  calibration::Predictions known = calibration::read_logits(file.logits, file.probabilities, train.labels, train.name);
  TEMPER_CHECK(known.classes == classes_, file.logits, ": ", known.classes, " columns, the data has ", classes_,
               " classes; give a column for each, in the order of the classes");
  check_values(known, file, distillation_.form);
  cached_logits_ = std::make_shared<const calibration::Predictions>(std::move(known));
}

std::size_t Teacher::find_preprocessing(const data::Preprocessing& own, const data::Preprocessing& student) {
  if (own == student) return kAsStudent;
  const auto same = std::find(extra_preprocessing_.begin(), extra_preprocessing_.end(), own);
  const auto number = static_cast<std::size_t>(same - extra_preprocessing_.begin());
  if (same == extra_preprocessing_.end()) extra_preprocessing_.push_back(own);
  return number;
}

// T log of the mean probability, from logarithms: what is too improbable for a double keeps its place in the order.
void Teacher::combine(std::span<const float* const> each, Index rows, float* together) const {
  const Index K = classes_, M = static_cast<Index>(each.size());
  const bool logits = distillation_.form == Distillation::Form::logits;
  const double T = distillation_.teacher_temperature;
  parallel_for(rows, row_grain(K * M), [&](Index begin, Index end) {
    Workspace scratch;
    calibration::Softmax* const softmax = scratch.take<calibration::Softmax>(M);
    for (Index row = begin; row < end; ++row) {
      const auto z = [&](Index m, Index k) { return double{each[static_cast<std::size_t>(m)][row * K + k]}; };
      for (Index m = 0; m < M && !logits; ++m)
        softmax[m] = calibration::softmax(std::span(each[static_cast<std::size_t>(m)] + row * K, static_cast<std::size_t>(K)), T);
      for (Index k = 0; k < K; ++k) {
        const auto says = [&](Index m) { return logits ? z(m, k) : softmax[m].log_probability(z(m, k)); };
        double most = says(0), sum = 0;
        for (Index m = 1; m < M; ++m) most = std::max(most, says(m));
        for (Index m = 0; m < M; ++m) sum += logits ? says(m) : std::exp(says(m) - most);
        const double mean = sum / static_cast<double>(M);
        together[row * K + k] = static_cast<float>(logits ? mean : T * (most + std::log(mean)));
      }
    }
  });
}

calibration::Predictions Teacher::cache_logits(const data::Dataset& train, const Recipe& recipe, const Progress& on_progress) {
  if (cached_logits_) return *cached_logits_;
  std::vector<calibration::Predictions> each;
  const Index all = train.size() * static_cast<Index>(networks_.size());
  for (const models::Model* network : networks_) {
    const Index before = static_cast<Index>(each.size()) * train.size();
    each.push_back(models::predict(*network, train, {.on_progress = [&](Index done) {
      if (on_progress) on_progress(before + done, all);
    }}));
  }
  calibration::Predictions known = std::move(each.front());
  if (each.size() > 1) {
    std::vector<const float*> logits{known.logits.data()};
    for (std::size_t m = 1; m < each.size(); ++m) logits.push_back(each[m].logits.data());
    calibration::Predictions together = known;
    combine(logits, train.size(), together.logits.data());
    known = std::move(together);
  }
  if (is_deterministic(recipe, train, student_input_shape_) && known.logits.size() <= kMostKept) {
    cached_logits_ = std::make_shared<const calibration::Predictions>(known);
    extra_preprocessing_.clear();
  }
  return known;
}

Tensor Teacher::operator()(const data::Batch& batch) const {
  const Index N = batch.images.shape()[0], K = classes_;
  if (cached_logits_) {
    Tensor logits({N, K});
    for (Index n = 0; n < N; ++n) {
      const std::span<const float> row = cached_logits_->row(batch.samples[static_cast<std::size_t>(n)]);
      std::copy(row.begin(), row.end(), logits.data() + n * K);
    }
    return logits;
  }
  const Tape::Pause frozen;
  const auto logits_of = [&](std::size_t m) {
    return (*networks_[m])(preprocessing_index_[m] == kAsStudent ? batch.images : batch.extra_images[preprocessing_index_[m]]);
  };
  if (networks_.size() == 1) return logits_of(0);
  std::vector<Tensor> each;
  std::vector<const float*> rows;
  for (std::size_t m = 0; m < networks_.size(); ++m) rows.push_back(each.emplace_back(logits_of(m)).data());
  Tensor together({N, K});
  combine(rows, N, together.data());
  return together;
}

}  // namespace temper::training
