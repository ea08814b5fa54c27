#include "apps/temper/translation_eval.h"

#include <fmt/format.h>

#include <chrono>

#include "apps/temper/console.h"
#include "apps/temper/run_summary.h"
#include "apps/temper/translation_training.h"
#include "data/text/token_pairs.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/training/json.h"
#include "models/translation/evaluation.h"
#include "models/translation/token_predictions.h"

namespace temper::app {
namespace {

using translation::LoadedRun;

std::optional<translation::Score> translate(const TranslationEvalOptions& options, const LoadedRun& loaded,
                                            const data::ParallelCorpus& corpus, double temperature) {
  if (options.beam == 0) return std::nullopt;
  const auto start = std::chrono::steady_clock::now();
  const translation::Score score = translation::score_translations(
      loaded.model, corpus,
      {.search = {.beam = options.beam, .temperature = temperature}, .on_progress = [&](Index done, Index all) {
         show_stage(fmt::format("translating: {} of {} sentences  {}", grouped(done), grouped(all), eta(start, done, all)));
       }});
  clear_stage();
  return score;
}

std::string calibrator_text(const TranslationEvalOptions& options, const LoadedRun& loaded) {
  if (options.temperature) return fmt::format("temperature {:.4g} (as given)", *options.temperature);
  if (!loaded.calibrator) return "temperature 1 (not calibrated)";
  if (loaded.calibrator->temperature) return fmt::format("temperature {:.4g} (of its calibrator)", *loaded.calibrator->temperature);
  return fmt::format("{} calibrator; translations without it", loaded.calibrator->kind->name);
}

// The run's own way of reading text, its files for val and test only where the data is its own.
training::Recipe recipe_for(const TranslationEvalOptions& options, const LoadedRun& loaded) {
  training::Recipe recipe = loaded.recipe;
  if (!options.data.empty() && options.data != loaded.data) recipe.text.val = recipe.text.test = "";
  return recipe;
}

}  // namespace

void eval_translation(const TranslationEvalOptions& options) {
  const LoadedRun loaded = translation::load_run(options.run);
  const translation::Model& model = loaded.model;
  const std::string& spec = options.data.empty() ? loaded.data : options.data;
  const data::TextSplits splits = load_text(spec, recipe_for(options, loaded));
  const data::ParallelCorpus& corpus = options.split == "test" ? splits.test : splits.val;
  const double temperature = options.temperature.value_or(loaded.temperature());
  const std::shared_ptr<const calibration::Calibrator> calibrator =
      options.temperature || !loaded.calibrator ? std::make_shared<const calibration::TemperatureCalibrator>(temperature)
                                                : loaded.calibrator->calibrator;
  const data::TokenPairs pairs = data::tokenise(corpus, model.subwords, kLongestMeasured);
  const calibration::Metrics m = translation::token_metrics(*model.network, pairs, *calibrator).result();
  const auto score = translate(options, loaded, corpus, temperature);
  if (options.json) {
    Json json = training::to_json(m);
    json["temperature"] = temperature;
    json["calibrator"] = options.temperature || !loaded.calibrator ? Json() : Json(loaded.calibrator->kind->name);
    json["split"] = options.split;
    if (score) add_bleu(*score, json);
    fmt::print("{}\n", json.dump());
    return;
  }
  fmt::print("{} on {} ({} pairs, {} next words), {}\n", options.run, corpus.name, grouped(pairs.size()), grouped(m.samples),
             calibrator_text(options, loaded));
  if (score) fmt::print("  {}, {}, beam {}\n", translation::describe(score->bleu), score->signature, score->beam);
  fmt::print("  accuracy       {}\n  NLL            {:.4f}\n  ECE            {:.4f}\n  adaptive ECE   {:.4f}\n", percent(m.accuracy), m.nll,
             m.ece, m.ace);
}

SplitPredictions word_predictions(const std::string& run) {
  const LoadedRun loaded = translation::load_run(run);
  const data::TextSplits splits = load_text(loaded.data, loaded.recipe);
  const auto of = [&](const data::ParallelCorpus& corpus) {
    return translation::predict_tokens(*loaded.model.network, data::tokenise(corpus, loaded.model.subwords, kLongestMeasured));
  };
  return {.val = of(splits.val), .test = of(splits.test)};
}

}  // namespace temper::app
