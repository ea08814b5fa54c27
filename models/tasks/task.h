// A task: what a network is trained to do, from the data to the run in its folder. There are two, classification of images
// (classification.h) and translation of text (translation.h). Commands use this interface only.
//
// A training fills a task in this order:
//   load_teachers, adopt_settings        of a student
//   load_data, make_model
//   teacher_record, study_teachers       of a student
//   make_objective, which training::train minimises
//   measure_run, save
// A run that exists is opened by open_run() in tasks.h, which has loaded its model; then load_run_data, and predict, measure or translate.
//
// Not for use by several threads at a time.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "models/calibration/metrics/metrics.h"
#include "models/runs/run.h"
#include "models/training/objective.h"
#include "models/training/teacher.h"

namespace temper::tasks {

enum class Split { train, val, test };
std::string_view name(Split split);
Split parse_split(std::string_view name);  // throws Error for a name that is none

// What a task reports while it works.
struct Reporter {
  // A stage that takes a while: "translating sentences", done of all; all is 0 where it is not known.
  std::function<void(std::string_view stage, Index done, Index all)> on_progress = [](std::string_view, Index, Index) {};
  std::function<void()> on_stage_end = [] {};
  std::function<void(const std::string&)> on_warning = [](const std::string&) {};
};

struct Measurement {
  calibration::Metrics metrics = {};
  std::optional<runs::ClassRecord> classes = {};  // on rank 0, of a task that has classes
};

// How the data are read, beside what the recipe says.
struct DataOptions {
  std::uint64_t memory_budget = data::LoadOptions::kUsualBudget;  // bytes of decoded pictures to keep
};

// How a run that exists is evaluated, where that differs from the run's own way.
struct EvaluationOptions {
  std::string data = "";                // another spec than the run's
  bool with_train = false;              // the training split is needed, too
  std::optional<std::string> tta = {};  // of a classifier: test-time augmentation by name
  std::optional<Index> beam = {};       // of a translator
};

class Task {
 public:
  virtual ~Task() = default;

  // What the losses and metrics are means of: "images", "words".
  virtual std::string unit() const = 0;

  // --- Training ---

  // The teachers of a student: folders of runs, or a file of logits. Throws Error "--teacher: ...", "--teacher-logits: ..." or one that
  // names the run.
  virtual void load_teachers(const std::vector<std::string>& runs, const training::TeacherFile& file) = 0;
  // The data that the teachers were trained on, by the spec; empty for a file.
  virtual std::string teachers_data() const = 0;
  // `recipe` with the settings that a student takes over from its teachers where it has none of its own.
  virtual training::Recipe adopt_settings(training::Recipe recipe, const std::string& data) = 0;

  // Completes the settings that are left to the data, such as Recipe::kBySize. Throws Error naming the file or the option.
  virtual void load_data(const std::string& spec, training::Recipe& recipe, const DataOptions& options) = 0;
  // A fresh model for the data.
  virtual void make_model(const training::Recipe& recipe) = 0;

  // What is known of the teachers before they see any data.
  virtual runs::TeacherRecord teacher_record() const = 0;
  // Evaluates the teachers on data, completes their record, and returns their accuracy there.
  virtual double evaluate_teachers(const training::Recipe& recipe, runs::TeacherRecord& record) = 0;
  virtual std::string teacher_evaluation_data() const = 0;  // on which data: "training images"

  // A fingerprint of what is learned, for checkpoints.
  virtual std::string data_fingerprint() const = 0;
  // What is learned, for a person: "1,197 images".
  virtual std::string describe_data() const = 0;
  // Throws Error when a rank has other data to measure on than rank 0.
  virtual void check_ranks(optim::Communicator& ranks) const = 0;
  virtual std::unique_ptr<training::Objective> make_objective(const training::Recipe& recipe, optim::Communicator& ranks) = 0;

  // Completes the record of a run whose weights the model has: recipe, metrics of validation and test data, reliability, BLEU.
  // `val`: the validation metrics at temperature 1 where they are known; else null. All ranks call it; only that of rank 0 is complete.
  virtual void measure_run(runs::Run& run, const calibration::Metrics* val, optim::Communicator& ranks) = 0;
  // As runs::save_run.
  virtual void save(const std::string& folder, runs::Run& run) const = 0;

  // --- A run that exists ---

  // run.json and calibrator.json.
  const runs::Run& run() const { return run_; }
  // The run's own data, divided as for its training, or others. Throws Error "--option: ..." for an option that is not for this task.
  virtual void load_run_data(const EvaluationOptions& options) = 0;
  // "mnist test".
  virtual std::string split_name(Split split) const = 0;

  // Logits and labels of a split. All ranks call it and get the same.
  virtual calibration::Predictions predict(Split split, optim::Communicator& ranks) = 0;
  virtual Measurement measure(Split split, const calibration::Calibrator& calibrator, optim::Communicator& ranks) = 0;
  // How a classifier of images does class by class: `predictions` are those of the split. The record knows no name of the calibrator.
  // Nothing for a task without classes.
  virtual std::optional<runs::ClassRecord> class_record(Split /*split*/, const calibration::Predictions& /*predictions*/,
                                                        const calibration::Calibrator& /*calibrator*/) const {
    return std::nullopt;
  }
  // BLEU of the translations of a split, decoded at the temperature; nothing for a task that translates nothing, and with a beam of 0.
  virtual std::optional<translation::Score> score_translations(Split /*split*/, double /*temperature*/) { return std::nullopt; }

  Reporter reporter = {};

 protected:
  runs::Run run_ = {};
};

}  // namespace temper::tasks
