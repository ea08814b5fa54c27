// The task of classifying images.
#pragma once

#include "data/dataset.h"
#include "models/networks/model.h"
#include "models/runs/image_run.h"
#include "models/tasks/task.h"

namespace temper::tasks {

class Classification final : public Task {
 public:
  Classification() = default;                                                // to be trained
  Classification(const std::string& run, const runs::LoadOptions& options);  // Throws Error as runs::load_image_run.

  std::string unit() const override { return "images"; }

  void load_teachers(const std::vector<std::string>& runs, const training::TeacherFile& file) override;
  std::string teachers_data() const override { return teachers_.empty() ? "" : teachers_.front().run.data; }
  training::Recipe adopt_settings(training::Recipe recipe, const std::string& data) override;
  void load_data(const std::string& spec, training::Recipe& recipe, const DataOptions& options) override;
  void make_model(const training::Recipe& recipe) override;
  runs::TeacherRecord teacher_record() const override;
  double evaluate_teachers(const training::Recipe& recipe, runs::TeacherRecord& record) override;
  std::string teacher_evaluation_data() const override { return "training images"; }
  std::string data_fingerprint() const override;
  std::string describe_data() const override;
  void check_ranks(optim::Communicator& ranks) const override;
  std::unique_ptr<training::Objective> make_objective(const training::Recipe& recipe, optim::Communicator& ranks) override;
  void measure_run(runs::Run& run, const calibration::Metrics* val, optim::Communicator& ranks) override;
  void save(const std::string& folder, runs::Run& run) const override;

  void load_run_data(const EvaluationOptions& options) override;
  std::string split_name(Split split) const override { return set(split).name; }
  calibration::Predictions predict(Split split, optim::Communicator& ranks) override;
  Measurement measure(Split split, const calibration::Calibrator& calibrator, optim::Communicator& ranks) override;
  std::optional<runs::ClassRecord> class_record(Split split, const calibration::Predictions& predictions,
                                                const calibration::Calibrator& calibrator) const override;

  // For what is only known of classifiers of images.
  models::Model& model() { return model_; }
  const models::Model& model() const { return model_; }
  const data::Dataset& set(Split split) const;

 private:
  data::Splits load(const std::string& spec, data::LoadOptions options) const;

  std::vector<float> class_weights_;  // of the labels' loss; empty: none
  std::vector<runs::ImageRun> teachers_;
  std::vector<std::string> teacher_runs_;  // their folders, as given
  training::TeacherFile teacher_file_;
  std::optional<training::Teacher> teacher_;

  data::Splits splits_;
  models::Model model_;
};

}  // namespace temper::tasks
