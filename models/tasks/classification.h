// The task of classifying images.
#pragma once

#include "data/dataset.h"
#include "models/model.h"
#include "models/tasks/task.h"

namespace temper::tasks {

class Classification final : public Task {
 public:
  Classification() = default;                       // to be trained
  explicit Classification(const std::string& run);  // Throws Error as training::load_run.

  std::string unit() const override { return "images"; }

  void load_teachers(const std::vector<std::string>& runs, const training::TeacherFile& file) override;
  std::string teachers_data() const override { return teachers_.empty() ? "" : teachers_.front().data; }
  training::Recipe adopt_settings(training::Recipe recipe, const std::string& data) override;
  void load_data(const std::string& spec, const training::Recipe& recipe, const DataOptions& options) override;
  void make_model(const training::Recipe& recipe) override;
  Index parameters() const override { return model_.parameters->learned_size(); }
  training::TeacherRecord teacher_record(const training::Distillation& distillation) const override;
  double study_teachers(const training::Recipe& recipe, training::TeacherRecord& record) override;
  std::string studied() const override { return "training images"; }
  std::string data_fingerprint() const override { return splits_.train.fingerprint(); }
  std::string describe_data() const override;
  void check_ranks(optim::Communicator& ranks) const override;
  std::unique_ptr<training::Objective> make_objective(const training::Recipe& recipe, optim::Communicator& ranks) override;
  void measure_run(training::RunRecord& record, const calibration::Metrics* val, optim::Communicator& ranks) override;
  void save(const std::string& folder, const training::RunRecord& record) const override;

  const std::optional<training::StoredCalibrator>& calibrator() const override { return calibrator_; }
  void load_run_data(const EvaluationOptions& options) override;
  std::string name_of(Split split) const override { return set(split).name; }
  calibration::Predictions predict(Split split, optim::Communicator& ranks) override;
  calibration::Metrics measure(Split split, const calibration::Calibrator& calibrator, optim::Communicator& ranks) override;

  // For what is only known of classifiers of images.
  models::Model& model() { return model_; }
  const models::Model& model() const { return model_; }
  const data::Dataset& set(Split split) const;
  const training::Recipe& recipe() const { return recipe_; }  // of the run

 private:
  data::Splits load(const std::string& spec, data::LoadOptions options) const;

  std::vector<training::LoadedRun> teachers_;
  std::vector<std::string> teacher_runs_;  // their folders, as given
  training::TeacherFile teacher_file_;
  std::optional<training::Teacher> teacher_;

  std::string data_;  // the spec
  data::Splits splits_;
  models::Model model_;
  training::Recipe recipe_;
  std::optional<training::StoredCalibrator> calibrator_;
};

}  // namespace temper::tasks
