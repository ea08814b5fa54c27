#include "models/tasks/translation.h"

#include <algorithm>

#include "core/base/fingerprint.h"
#include "core/base/number_text.h"
#include "models/analysis/equivalent_smoothing.h"
#include "models/calibration/study/evaluation.h"
#include "models/translation/evaluation.h"
#include "models/translation/objective.h"
#include "models/translation/token_predictions.h"

namespace temper::tasks {

using runs::TeacherRecord;
using training::Recipe;

Translation::Translation(const std::string& run, const runs::LoadOptions& options) {
  runs::TranslationRun loaded = runs::load_translation_run(run, options);
  run_ = std::move(loaded.run);
  model_ = std::move(loaded.model);
}

const data::ParallelCorpus& Translation::corpus(Split split) const {
  return split == Split::train ? splits_.train : split == Split::val ? splits_.val : splits_.test;
}

data::TokenPairs Translation::tokenise(Split split) const { return data::tokenise(corpus(split), model_->subwords, kLongestMeasured); }

data::TokenPairs Translation::tokenise(const data::ParallelCorpus& corpus, Index longest) const {
  data::TokenPairs pairs = data::tokenise(corpus, model_->subwords, longest);
  if (pairs.empty + pairs.too_long > 0) reporter.on_warning(str_cat(corpus.name, ": ", data::describe(pairs, longest)));
  return pairs;
}

data::TextSplits Translation::load(const std::string& spec, const Recipe& recipe) const {
  reporter.on_progress(str_cat("reading ", spec), 0, 0);
  data::TextSplits splits = data::load_text(spec, translation::load_options(recipe));
  reporter.on_stage_end();
  return splits;
}

// --- The teacher ---

void Translation::load_teachers(const std::vector<std::string>& runs, const training::TeacherFile& file) {
  TEMPER_CHECK(file.logits.empty(), "--teacher-logits: a file cannot teach a translator; give a --teacher that translates");
  TEMPER_CHECK(runs.size() == 1, "--teacher: ", runs.size(), " runs, the first of which translates; only one such run can teach: give one");
  teacher_run_ = runs.front();
  teacher_ = runs::load_translation_run(teacher_run_, {.with_calibrator = false});
}

// A student reads text and is measured as its teacher was.
Recipe Translation::adopt_settings(Recipe recipe, const std::string& data) {
  TEMPER_CHECK(recipe.text.subwords.empty(), "--subwords: a student reads those of its teacher; leave it out");
  const Recipe::Text& text = teacher_->run.recipe.text;
  recipe.text.lower_case = teacher_->model.text.lower_case;
  if (data != teacher_->run.data) return recipe;
  if (recipe.text.languages.empty()) recipe.text.languages = text.languages;
  if (recipe.text.val.empty()) recipe.text.val = text.val;
  if (recipe.text.test.empty()) recipe.text.test = text.test;
  if (recipe.val_size == Recipe::kOwnSplit) recipe.val_size = teacher_->run.recipe.val_size;
  return recipe;
}

TeacherRecord Translation::teacher_record() const {
  return {.run = teacher_run_,
          .model = teacher_->model.network_name,
          .smoothing = teacher_->run.recipe.smoothing,
          .fingerprint = teacher_->model.parameters->fingerprint(),
          .runs = {teacher_run_}};
}

double Translation::evaluate_teachers(const Recipe& recipe, TeacherRecord& record) {
  reporter.on_progress("computing the teacher's logits", 0, 0);
  const calibration::Predictions known = translation::predict_tokens(*teacher_->model.network, val_);
  reporter.on_stage_end();
  record.equivalent_smoothing = analysis::equivalent_smoothing(known, recipe.distillation.teacher_temperature);
  return calibration::accuracy(known);
}

// --- Training ---

void Translation::load_data(const std::string& spec, Recipe& recipe, const DataOptions& /*options*/) { splits_ = load(spec, recipe); }

void Translation::make_model(const Recipe& recipe) {
  const auto subwords = [&] {
    if (teacher_) return teacher_->model.subwords;
    if (!recipe.text.subwords.empty()) return data::Subwords::load(recipe.text.subwords);
    reporter.on_progress("learning subwords", 0, 0);
    std::vector<std::string> sentences = splits_.train.source;
    sentences.insert(sentences.end(), splits_.train.target.begin(), splits_.train.target.end());
    data::Subwords learned = data::Subwords::learn(sentences, recipe.text.vocabulary);
    reporter.on_stage_end();
    return learned;
  };
  model_ = translation::make_model(recipe.model, subwords(), {.lower_case = recipe.text.lower_case}, recipe.text.dropout, recipe.seed);
  training::check_rules(*model_->parameters, recipe);
  train_ = tokenise(splits_.train, recipe.text.longest);
  val_ = tokenise(splits_.val, kLongestMeasured);
}

std::string Translation::data_fingerprint() const { return Fingerprint().add(train_.fingerprint()).add(model_->subwords.bytes()).hex(); }

std::string Translation::describe_data() const {
  return str_cat(format_count(train_.size()), " pairs, ", format_count(model_->subwords.size()), " subwords, dropout ", model_->dropout);
}

void Translation::check_ranks(optim::Communicator& /*ranks*/) const {}  // the test text is measured by rank 0 alone

std::unique_ptr<training::Objective> Translation::make_objective(const Recipe& recipe, optim::Communicator& ranks) {
  return std::make_unique<translation::Objective>(*model_, train_, val_, recipe, ranks, teacher_ ? &teacher_->model : nullptr);
}

void Translation::measure_run(runs::Run& run, const calibration::Metrics* val, optim::Communicator& ranks) {
  if (val) run.val = *val;
  if (ranks.rank() != 0) return;
  if (!val) run.val = translation::token_metrics(*model_->network, val_).result();
  const calibration::Assessment words =
      calibration::assess(translation::token_metrics(*model_->network, tokenise(splits_.test, kLongestMeasured)));
  run.test = words.metrics;
  run.test_reliability = words.reliability;
  run.score = score_translations(Split::test, 1);
}

void Translation::save(const std::string& folder, runs::Run& run) const { runs::save_run(folder, *model_, run); }

// --- A run that exists ---

void Translation::load_run_data(const EvaluationOptions& options) {
  TEMPER_CHECK(!options.tta, "--tta: it averages views of images; a run that translates has none");
  beam_ = options.beam.value_or(beam_);
  Recipe recipe = run_.recipe;
  // The run's own way of reading text, its files for val and test only where the data are its own.
  if (!options.data.empty() && options.data != run_.data) recipe.text.val = recipe.text.test = "";
  splits_ = load(options.data.empty() ? run_.data : options.data, recipe);
}

calibration::Predictions Translation::predict(Split split, optim::Communicator& /*ranks*/) {
  return translation::predict_tokens(*model_->network, tokenise(split));
}

Measurement Translation::measure(Split split, const calibration::Calibrator& calibrator, optim::Communicator& /*ranks*/) {
  return {.metrics = translation::token_metrics(*model_->network, tokenise(split), calibrator).result()};
}

std::optional<translation::Score> Translation::score_translations(Split split, double temperature) {
  if (beam_ == 0) return std::nullopt;
  const translation::Score score = translation::score_translations(
      *model_, corpus(split),
      {.search = {.beam = beam_, .temperature = temperature},
       .on_progress = [&](Index done, Index all) { reporter.on_progress("translating: sentences", done, all); },
       .on_cut =
           [&](Index line, Index subwords) {
             reporter.on_warning(str_cat(corpus(split).name, ": line ", line, ": ", format_count(subwords),
                                         " subwords, of which the first ", format_count(translation::TranslateOptions().longest),
                                         " are translated"));
           }});
  reporter.on_stage_end();
  return score;
}

}  // namespace temper::tasks
