// The task of translating text.
#pragma once

#include "data/text/text_splits.h"
#include "data/text/token_pairs.h"
#include "models/runs/translation_run.h"
#include "models/tasks/task.h"
#include "models/translation/model.h"
#include "models/translation/search.h"

namespace temper::tasks {

class Translation final : public Task {
 public:
  static constexpr Index kLongestMeasured = 2048;  // subwords; longer sentences are left out of the metrics of next words

  Translation() = default;                                                // to be trained
  Translation(const std::string& run, const runs::LoadOptions& options);  // Throws Error as runs::load_translation_run.

  std::string unit() const override { return "words"; }

  void load_teachers(const std::vector<std::string>& runs, const training::TeacherFile& file) override;
  std::string teachers_data() const override { return teacher_ ? teacher_->run.data : ""; }
  training::Recipe adopt_settings(training::Recipe recipe, const std::string& data) override;
  void load_data(const std::string& spec, training::Recipe& recipe, const DataOptions& options) override;
  void make_model(const training::Recipe& recipe) override;
  runs::TeacherRecord teacher_record() const override;
  double evaluate_teachers(const training::Recipe& recipe, runs::TeacherRecord& record) override;
  std::string teacher_evaluation_data() const override { return "next words of the validation text"; }
  std::string data_fingerprint() const override;
  std::string describe_data() const override;
  void check_ranks(optim::Communicator& ranks) const override;
  std::unique_ptr<training::Objective> make_objective(const training::Recipe& recipe, optim::Communicator& ranks) override;
  void measure_run(runs::Run& run, const calibration::Metrics* val, optim::Communicator& ranks) override;
  void save(const std::string& folder, runs::Run& run) const override;

  void load_run_data(const EvaluationOptions& options) override;
  std::string split_name(Split split) const override { return corpus(split).name; }
  calibration::Predictions predict(Split split, optim::Communicator& ranks) override;
  Measurement measure(Split split, const calibration::Calibrator& calibrator, optim::Communicator& ranks) override;
  std::optional<translation::Score> score_translations(Split split, double temperature) override;

  // For what is only known of translators.
  const translation::Model& model() const { return *model_; }
  const data::ParallelCorpus& corpus(Split split) const;
  data::TokenPairs tokenise(Split split) const;

 private:
  data::TokenPairs tokenise(const data::ParallelCorpus& corpus, Index longest) const;
  data::TextSplits load(const std::string& spec, const training::Recipe& recipe) const;

  std::optional<runs::TranslationRun> teacher_;
  std::string teacher_run_;  // its folder, as given

  data::TextSplits splits_;
  data::TokenPairs train_, val_;  // of a training
  std::optional<translation::Model> model_;
  Index beam_ = translation::SearchOptions{}.beam;
};

}  // namespace temper::tasks
