#include "models/tasks/classification.h"

#include <algorithm>

#include "core/base/file.h"
#include "core/base/fingerprint.h"
#include "core/base/number_text.h"
#include "data/text/text_splits.h"
#include "models/analysis/equivalent_smoothing.h"
#include "models/tasks/class_record.h"
#include "models/training/class_weights.h"
#include "models/training/distributed_predict.h"
#include "models/training/image_objective.h"
#include "models/training/loss.h"

namespace temper::tasks {

using runs::TeacherRecord;
using training::Recipe;

Classification::Classification(const std::string& run, const runs::LoadOptions& options) {
  runs::ImageRun loaded = runs::load_image_run(run, options);
  run_ = std::move(loaded.run);
  model_ = std::move(loaded.model);
}

const data::Dataset& Classification::set(Split split) const {
  return split == Split::train ? splits_.train : split == Split::val ? splits_.val : splits_.test;
}

data::Splits Classification::load(const std::string& spec, data::LoadOptions options) const {
  options.on_progress = [&](Index done, Index all) { reporter.on_progress("reading pictures", done, all); };
  data::Splits splits = data::load(spec, options);
  if (splits.train.photos || splits.test.photos) reporter.on_stage_end();
  if (const std::string skipped = data::describe(splits.train.skipped); !skipped.empty())
    reporter.on_warning(str_cat(spec, ": left out ", skipped));
  return splits;
}

// --- Teachers ---

void Classification::load_teachers(const std::vector<std::string>& runs, const training::TeacherFile& file) {
  for (const std::string& run : runs) teachers_.push_back(runs::load_image_run(run, {.with_calibrator = false}));
  teacher_runs_ = runs;
  teacher_file_ = file;
}

// The student's validation split must hold no image that a teacher has learned, and its photos are framed as for its teacher.
Recipe Classification::adopt_settings(Recipe recipe, const std::string& data) {
  TEMPER_CHECK(!data::is_text(data), teachers_.empty() ? "--teacher-logits: a file" : "--teacher: a run of images", " cannot teach ", data,
               "; give a run that translates");
  for (const runs::ImageRun& teacher : teachers_) {
    if (data != teacher.run.data) continue;
    if (recipe.val_size == Recipe::kOwnSplit) recipe.val_size = teacher.run.recipe.val_size;
    if (recipe.val_size != teacher.run.recipe.val_size) {
      reporter.on_warning("a teacher was trained with another --val-size, so it was trained on some of the student's validation images");
      break;
    }
  }
  return recipe;
}

TeacherRecord Classification::teacher_record() const {
  TeacherRecord record{.run = teacher_file_.logits, .runs = teacher_runs_, .probabilities = teacher_file_.probabilities};
  Fingerprint knowledge;
  if (teachers_.empty()) knowledge.add(read_file(teacher_file_.logits));
  for (std::size_t i = 0; i < teachers_.size(); ++i) {
    const std::string_view joint = i == 0 ? "" : " + ";
    record.run += str_cat(joint, teacher_runs_[i]);
    record.model += str_cat(joint, teachers_[i].model.network_name);
    record.smoothing = std::max(record.smoothing, teachers_[i].run.recipe.smoothing);
    knowledge.add(teachers_[i].model.parameters->fingerprint());
  }
  record.fingerprint = knowledge.hex();
  return record;
}

double Classification::evaluate_teachers(const Recipe& recipe, TeacherRecord& record) {
  std::vector<const models::Model*> networks;
  for (const runs::ImageRun& teacher : teachers_) networks.push_back(&teacher.model);
  if (networks.empty())
    teacher_.emplace(teacher_file_, model_, splits_.train, recipe);
  else
    teacher_.emplace(networks, model_, splits_.train, recipe.distillation);
  const calibration::Predictions known = teacher_->cache_logits(
      splits_.train, recipe, [&](Index done, Index all) { reporter.on_progress("computing the teacher's logits: images", done, all); });
  reporter.on_stage_end();
  record.equivalent_smoothing = analysis::equivalent_smoothing(known, recipe.distillation.teacher_temperature);
  record.by_sample = teacher_->has_cached_logits();
  const double accuracy = calibration::accuracy(known);
  if (!teacher_file_.logits.empty() && accuracy * static_cast<double>(known.classes) < 2)
    reporter.on_warning(str_cat(teacher_file_.logits, ": it is right about ", format_percent(accuracy),
                                " of the training images, as if by chance; are its rows in their order?"));
  return accuracy;
}

// --- Training ---

void Classification::load_data(const std::string& spec, Recipe& recipe, const DataOptions& options) {
  data::LoadOptions load_options{.held_out = recipe.val_size,
                                 .image_size = recipe.image_size,
                                 .short_side = recipe.short_side,
                                 .skip_damaged = recipe.skip_damaged,
                                 .memory_budget = options.memory_budget};
  if (!teachers_.empty() && spec == teachers_.front().run.data && recipe.image_size == 0)
    load_options.framing = teachers_.front().model.framing;
  splits_ = load(spec, load_options);
  if (recipe.batch == Recipe::kBySize) recipe.batch = Recipe::usual_batch(splits_.train.size());
  class_weights_ = training::class_weights(recipe.class_weight, splits_.train);
}

void Classification::make_model(const Recipe& recipe) {
  model_ = models::make_model(recipe.model, splits_.train, recipe.seed, {.standardization = recipe.standardization, .crop = recipe.crop});
  model_.tta = recipe.tta;
  training::check_rules(*model_.parameters, recipe);
}

std::string Classification::data_fingerprint() const {
  const std::string images = splits_.train.fingerprint();
  if (class_weights_.empty()) return images;
  return Fingerprint().add(images).add(std::span<const float>(class_weights_)).hex();
}

std::string Classification::describe_data() const { return str_cat(format_count(splits_.train.size()), " images"); }

void Classification::check_ranks(optim::Communicator& ranks) const { training::check_same_images(splits_.test, ranks); }

std::unique_ptr<training::Objective> Classification::make_objective(const Recipe& recipe, optim::Communicator& ranks) {
  try {
    data::check(recipe.augment, model_.spec.image);
  } catch (const Error& error) {
    if (recipe.crop > 0)
      throw Error(str_cat("--crop: a square of ", recipe.crop, " pixels has no room for --shift ", recipe.augment.shift,
                          "; give a larger crop, or a smaller shift"));
    throw Error(str_cat("--shift: ", error.what()));
  }
  training::Loss loss = teacher_ ? training::distillation_loss(*teacher_, recipe.distillation, recipe, class_weights_)
                                 : training::cross_entropy(recipe, class_weights_);
  return std::make_unique<training::ImageObjective>(model_, splits_.train, splits_.val, recipe, std::move(loss), ranks);
}

void Classification::measure_run(runs::Run& run, const calibration::Metrics* val, optim::Communicator& ranks) {
  run.recipe.val_size = splits_.val.size();
  run.val = val && model_.tta == models::TestTimeAugmentation::one ? *val : calibration::metrics(predict(Split::val, ranks));
  const calibration::Predictions test = predict(Split::test, ranks);
  run.test = calibration::metrics(test);
  run.test_reliability = calibration::reliability(test);
  if (ranks.rank() != 0) return;
  run.classes = class_record(Split::test, test, *calibration::identity_calibrator());
  run.classes->calibrated = {};  // there is no calibrator yet
}

void Classification::save(const std::string& folder, runs::Run& run) const { runs::save_run(folder, model_, run); }

// --- A run that exists ---

void Classification::load_run_data(const EvaluationOptions& options) {
  TEMPER_CHECK(!options.beam, "--beam: it is for runs that translate, and this one classifies images; leave it out");
  if (options.tta) {
    try {
      model_.tta = models::parse_test_time_augmentation(*options.tta);
    } catch (const Error& error) {
      throw Error(str_cat("--tta: ", error.what()));
    }
  }
  const std::string& spec = options.data.empty() ? run_.data : options.data;
  data::LoadOptions load_options{.held_out = run_.recipe.val_size,
                                 .framing = model_.framing,
                                 .class_names = model_.class_names,
                                 .skip_damaged = run_.recipe.skip_damaged,
                                 .with_train = options.with_train};
  // The run's data, even if they lie elsewhere now, are divided as they were for the run: no image that it was trained on may come into
  // val. Other data are divided in their own way.
  const auto kind = [](const std::string& text) { return text.substr(0, text.find(':')); };
  const bool same = kind(spec) == "folder" ? spec == run_.data : kind(spec) == kind(run_.data);
  if (!same) load_options.held_out = -1;
  splits_ = load(spec, load_options);
  TEMPER_CHECK(splits_.test.class_names == model_.class_names, "--data: the classes of ", splits_.test.name,
               " are not those of the run; give the data it was trained on");
}

calibration::Predictions Classification::predict(Split split, optim::Communicator& ranks) {
  training::check_same_images(set(split), ranks);
  return training::distributed_predict(model_, set(split), {.tta = model_.tta}, ranks);
}

Measurement Classification::measure(Split split, const calibration::Calibrator& calibrator, optim::Communicator& ranks) {
  const calibration::Predictions predictions = predict(split, ranks);
  Measurement result{.metrics = calibration::metrics(predictions, calibrator)};
  if (ranks.rank() == 0) result.classes = class_record(split, predictions, calibrator);
  return result;
}

std::optional<runs::ClassRecord> Classification::class_record(Split split, const calibration::Predictions& predictions,
                                                              const calibration::Calibrator& calibrator) const {
  runs::ClassRecord record = make_class_record(set(split), predictions, calibrator);
  record.split = name(split);
  return record;
}

}  // namespace temper::tasks
