// Figure 4, and the Transformer's row of table 3: BLEU, likelihood and calibration of translation against temperature.

#include <fmt/format.h>

#include <map>

#include "apps/reproduce/experiments.h"
#include "apps/reproduce/panels.h"

namespace temper::reproduce {
namespace {

constexpr const char* kTemperature = "temperature";

std::vector<std::string> runs_of(const Scene& scene, double alpha) {
  std::vector<std::string> names;
  for (int seed = 1; seed <= scene.text_seeds; ++seed) names.push_back(run_name("text", scene.translator, alpha, seed));
  return names;
}

void add_translation_steps(const Scene& scene, Plan& plan) {
  if (scene.text.empty()) return;
  std::string temperatures;
  for (const double T : scene.text_temperatures) temperatures += fmt::format("{}{}", temperatures.empty() ? "" : ",", T);
  for (int seed = 1; seed <= scene.text_seeds; ++seed)
    for (const double alpha : {0.0, scene.alpha})
      plan.analyze(plan.train("text", scene.text, scene.translator, alpha, seed), kTemperature, {"--temperature", temperatures});
}

// A quantity at each temperature: a sample over seeds.
using TemperatureCurve = std::map<double, Sample>;

TemperatureCurve curve_of(Outcome& outcome, const Scene& scene, const Results& results, double alpha, const char* quantity) {
  TemperatureCurve curve;
  for (const std::string& run : runs_of(scene, alpha)) {
    results.read_analysis(run, kTemperature, [&](const Json& analysis) {
      for (const Json& point : analysis.at("temperature_curve")) {
        const double T = point.at("temperature").get<double>(), value = point.at(quantity).get<double>();
        curve[T].values.push_back(value);
        curve[T].runs.push_back(run);
        outcome.numbers.push_back({.network = scene.translator.title,
                                   .quantity = quantity,
                                   .alpha = alpha,
                                   .temperature = T,
                                   .seed = seed_of(run),
                                   .value = value,
                                   .source = analysis_file(run, kTemperature)});
      }
    });
  }
  return curve;
}

// The hard and the smoothed curve of one quantity.
struct Pair {
  TemperatureCurve hard, smooth;
};

report::Plot plot_of(const Pair& pair, const char* label) {
  std::vector<double> temperatures, values;
  for (const TemperatureCurve* curve : {&pair.hard, &pair.smooth}) {
    for (const auto& [T, sample] : *curve) {
      temperatures.push_back(T);
      values.insert(values.end(), sample.values.begin(), sample.values.end());
    }
  }
  report::Plot plot({}, report::linear_axis("temperature", temperatures), report::linear_axis(label, values),
                    fmt::format("{} against temperature", label));
  std::size_t series = 0;
  for (const TemperatureCurve* curve : {&pair.hard, &pair.smooth}) {
    const std::string look = report::series_class(series++);
    std::vector<report::Point> points;
    for (const auto& [T, sample] : *curve) {
      points.push_back({T, mean(sample.values)});
      plot.dot(points.back(), look, fmt::format("T = {}: {}", T, value_of(sample)));
    }
    plot.line(points, look, "");
  }
  return plot;
}

// The sample at T = 1, or an empty one.
Sample plain(const TemperatureCurve& curve) {
  const auto found = curve.find(1.0);
  return found == curve.end() ? Sample{} : found->second;
}

// The sample at the temperature where the mean is least.
Sample least(const TemperatureCurve& curve) {
  Sample best;
  for (const auto& [T, sample] : curve)
    if (best.empty() || mean(sample.values) < mean(best.values)) best = sample;
  return best;
}

Table table3_row(const Scene& scene, const Results& results) {
  const auto of = [&](double alpha, auto quantity) { return sample(results, runs_of(scene, alpha), quantity); };
  const auto before = [](const runs::Run& run) { return run.calibration->trial.before.metrics.ece; };
  const auto after = [](const runs::Run& run) { return run.calibration->trial.after.metrics.ece; };
  const auto temperature = [](const runs::Run& run) { return run.temperature().value_or(calibration::kNotMeasured); };
  return {.caption =
              "The Transformer's row of table 3: ECE of next words on the test sentences, given the right ones before; T is fitted on "
              "the validation sentences",
          .header = {"", "hard labels", "hard labels at T", "T", fmt::format("smoothing {}", scene.alpha)},
          .rows = {{"ours, " + scene.translator.title, value_of(of(0, before)), value_of(of(0, after)), value_of(of(0, temperature), 2),
                    value_of(of(scene.alpha, before))},
                   {"paper, WMT, base", "0.056", "0.018", "1.13", "0.019"},
                   {"replication, Multi30k", "0.449", "0.058", "1.8", "0.372"}}};
}

Outcome evaluate_translations(const Scene& scene, const Results& results) {
  Outcome outcome;
  if (scene.text.empty()) return outcome;
  const auto pair = [&](const char* quantity) {
    return Pair{curve_of(outcome, scene, results, 0, quantity), curve_of(outcome, scene, results, scene.alpha, quantity)};
  };
  const Pair bleu = pair("bleu"), nll = pair("nll"), ece = pair("ece");
  outcome.claims.push_back(claim_above({.text = "Smoothing raises BLEU at T = 1"}, plain(bleu.smooth), plain(bleu.hard)));
  outcome.claims.push_back(claim_above({.text = "Smoothing costs likelihood: the best NLL of hard labels is the lower one"},
                                       least(nll.smooth), least(nll.hard)));
  outcome.claims.push_back(claim_above({.text = "Smoothing lowers the ECE at T = 1"}, plain(ece.hard), plain(ece.smooth)));
  outcome.claims.push_back(claim_above({.text = "Temperature lowers the ECE of hard labels"}, plain(ece.hard), least(ece.hard)));
  outcome.tables.push_back(table3_row(scene, results));
  if (bleu.hard.empty() || bleu.smooth.empty()) return outcome;
  const std::vector<Panel> panels{
      {"BLEU", plot_of(bleu, "BLEU")}, {"likelihood", plot_of(nll, "NLL")}, {"calibration", plot_of(ece, "ECE")}};
  const std::vector<std::string> names{"hard labels", fmt::format("smoothing {}", scene.alpha)};
  outcome.figures.push_back(
      figure_of("figure-4.svg", panels, 3, names,
                "Multi30k, English to German: beam search with probabilities at T, and next words at T; means over seeds"));
  return outcome;
}

}  // namespace

const Experiment kFigure4{.name = "fig4",
                          .title = "Figure 4: translation",
                          .question =
                              "A Transformer learns to translate from hard and from smoothed labels. Which translates better, which gives "
                              "the right words more probability, and which is better calibrated? At the quick scale there is no text.",
                          .add_steps = add_translation_steps,
                          .evaluate = evaluate_translations};

}  // namespace temper::reproduce
