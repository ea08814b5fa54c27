#include "apps/temper/translation_training.h"

#include <fmt/format.h>

#include <chrono>

#include "apps/temper/console.h"
#include "apps/temper/ranks.h"
#include "apps/temper/training_session.h"
#include "core/fingerprint.h"
#include "core/parallel.h"
#include "data/text/token_pairs.h"
#include "models/analysis/equivalent_smoothing.h"
#include "models/training/best_weights.h"
#include "models/translation/evaluation.h"
#include "models/translation/objective.h"
#include "models/translation/token_predictions.h"

namespace temper::app {
namespace {

data::Subwords subwords_for(const training::Recipe& recipe, const data::ParallelCorpus& train) {
  if (!recipe.text.subwords.empty()) return data::Subwords::load(recipe.text.subwords);
  show_stage("learning subwords");
  std::vector<std::string> sentences = train.source;
  sentences.insert(sentences.end(), train.target.begin(), train.target.end());
  data::Subwords subwords = data::Subwords::learn(sentences, recipe.text.vocabulary);
  clear_stage();
  return subwords;
}

data::TokenPairs numbers_of(const data::ParallelCorpus& corpus, const data::Subwords& subwords, Index most) {
  data::TokenPairs pairs = data::tokenise(corpus, subwords, most);
  if (is_first_rank() && pairs.empty + pairs.too_long > 0) warn(concat(corpus.name, ": ", data::describe(pairs, most)));
  return pairs;
}

void print_header(const training::RunRecord& record, const translation::Model& model, Index pairs, Index steps_an_epoch) {
  const training::Recipe& r = record.recipe;
  fmt::print(stderr, "{}: {} pairs, {} subwords, {} epochs of {} steps, smoothing {}, dropout {}, {} lr {}, seed {}\n", record.data,
             grouped(pairs), grouped(model.subwords.size()), r.epochs, steps_an_epoch, r.smoothing, model.dropout,
             r.optimizer, r.learning_rate, r.seed);
}

// What the teacher amounts to, on words that it was not trained on.
void measure(const translation::LoadedRun& teacher, const data::TokenPairs& val, bool quiet, training::TeacherRecord& record) {
  const calibration::Predictions known = translation::predict_tokens(*teacher.model.network, val);
  const double T = record.distillation.temperature;
  record.equivalent_smoothing = analysis::equivalent_smoothing(known, T);
  if (quiet || !is_first_rank()) return;
  fmt::print(stderr, "teacher {}: {} of the next words right, gamma {:.4f} at T = {:.4g} (as if smoothed by so much)\n", record.run,
             percent(calibration::accuracy(known)), record.equivalent_smoothing, T);
}

translation::Score measure_translations(const translation::Model& model, const data::ParallelCorpus& corpus) {
  const auto start = std::chrono::steady_clock::now();
  const translation::Score score = translation::score_translations(
      model, corpus, {.on_progress = [&](Index done, Index all) {
        show_stage(fmt::format("translating the test sentences: {} of {}  {}", grouped(done), grouped(all), eta(start, done, all)));
      }});
  clear_stage();
  return score;
}

}  // namespace

data::TextSplits load_text(const std::string& spec, const training::Recipe& recipe) {
  show_stage("reading " + spec);
  data::TextSplits splits = data::load_text(spec, translation::load_options(recipe));
  clear_stage();
  return splits;
}

void train_translation(const TrainingOptions& options, training::RunRecord record, const translation::LoadedRun* teacher) {
  const training::Recipe& recipe = record.recipe;
  const data::TextSplits splits = load_text(record.data, recipe);
  const translation::Model model =
      translation::make_model(recipe.model, teacher ? teacher->model.subwords : subwords_for(recipe, splits.train),
                              {.lower_case = recipe.text.lower_case}, recipe.text.dropout, recipe.seed);
  training::check_rules(*model.parameters, recipe);
  const data::TokenPairs train = numbers_of(splits.train, model.subwords, recipe.text.longest),
                         val = numbers_of(splits.val, model.subwords, kLongestMeasured),
                         test = numbers_of(splits.test, model.subwords, kLongestMeasured);
  if (teacher) measure(*teacher, val, options.json, *record.teacher);
  translation::Objective objective(model, train, val, recipe, ranks(), teacher ? &teacher->model : nullptr);
  TrainingSession session(options, plan_of(record, Fingerprint().add(train.fingerprint()).add(model.subwords.bytes()).hex()));
  record.threads = threads();
  record.recipe = recipe.resolved(objective.batches());
  if (is_first_rank() && !options.json) print_header(record, model, train.size(), objective.batches());
  const std::vector<training::EpochRecord> epochs = session.train(objective, record.recipe);
  const training::EpochRecord& kept = epochs[training::kept_epoch(epochs, record.recipe.keep)];
  record.kept_epoch = kept.epoch;
  record.val = kept.val;
  if (!is_first_rank()) return;
  const calibration::Assessment words = calibration::assess(translation::token_metrics(*model.network, test));
  record.test = words.metrics;
  record.test_reliability = words.reliability;
  const translation::Score score = measure_translations(model, splits.test);
  record.seconds = session.seconds();
  translation::save_run(options.out, model, record, score);
  print_run(options, model.parameters->learned_size(), record, score);
}

}  // namespace temper::app
