#include "models/translation/evaluation.h"

#include "models/calibration/metrics/metrics.h"
#include "models/translation/token_predictions.h"

namespace temper::translation {

Score score_translations(const Model& model, const data::ParallelCorpus& corpus, const EvaluationOptions& options) {
  const BleuOptions measure{.lower_case = model.text.lower_case};
  TranslateOptions how{.search = options.search, .text = model.text};
  how.on_cut = options.on_cut;
  if (options.on_progress) how.on_progress = [&](Index done) { options.on_progress(done, corpus.size()); };
  const std::vector<std::string> translations = translate(*model.network, model.subwords, corpus.source, how);
  const std::vector<std::string> references[] = {corpus.target};
  return {.bleu = bleu(translations, references, measure),
          .signature = signature(measure, 1),
          .beam = options.search.beam,
          .length_penalty = options.search.length_penalty};
}

std::vector<TemperaturePoint> temperature_curve(const Model& model, const data::ParallelCorpus& corpus, const data::TokenPairs& pairs,
                                                std::span<const double> temperatures, const EvaluationOptions& options) {
  const calibration::Predictions words = predict_tokens(*model.network, pairs);
  const Index all = static_cast<Index>(temperatures.size()) * corpus.size();
  std::vector<TemperaturePoint> points;
  for (const double temperature : temperatures) {
    EvaluationOptions how = options;
    how.search.temperature = temperature;
    const Index before = static_cast<Index>(points.size()) * corpus.size();
    if (options.on_progress) how.on_progress = [&, before](Index done, Index) { options.on_progress(before + done, all); };
    const calibration::Confidences says = calibration::confidences(words, temperature);
    const std::vector<calibration::Bin> bins = calibration::reliability(says.confidence, says.correct);
    points.push_back({.temperature = temperature,
                      .bleu = score_translations(model, corpus, how).bleu.score,
                      .nll = calibration::nll(words, temperature),
                      .ece = calibration::compute_ece(bins)});
  }
  return points;
}

}  // namespace temper::translation
