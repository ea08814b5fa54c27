// Figure 4, and the Transformer's row of table 3: BLEU, likelihood and calibration of translation against temperature.

#include <fmt/format.h>

#include <map>

#include "apps/reproduce/experiments.h"
#include "apps/reproduce/panels.h"

namespace temper::reproduce {
namespace {

constexpr const char* kTemperature = "temperature";

std::vector<std::string> list_runs(const ExperimentSetup& setup, double alpha) {
  std::vector<std::string> names;
  for (int seed = 1; seed <= setup.text_seeds; ++seed) names.push_back(run_name("text", setup.translator, alpha, seed));
  return names;
}

void add_translation_steps(const ExperimentSetup& setup, Plan& plan) {
  if (setup.text.empty()) return;
  std::string temperatures;
  for (const double T : setup.text_temperatures) temperatures += fmt::format("{}{}", temperatures.empty() ? "" : ",", T);
  for (int seed = 1; seed <= setup.text_seeds; ++seed)
    for (const double alpha : {0.0, setup.alpha})
      plan.analyze(plan.train("text", setup.text, setup.translator, alpha, seed), kTemperature, {"--temperature", temperatures});
}

// A quantity at each temperature: a sample over seeds.
using TemperatureCurve = std::map<double, Sample>;

TemperatureCurve read_curve(Findings& findings, const ExperimentSetup& setup, const Results& results, double alpha, const char* quantity) {
  TemperatureCurve curve;
  for (const std::string& run : list_runs(setup, alpha)) {
    results.read_analysis(run, kTemperature, [&](const Json& analysis) {
      for (const Json& point : analysis.at("temperature_curve")) {
        const double T = point.at("temperature").get<double>(), value = point.at(quantity).get<double>();
        curve[T].values.push_back(value);
        curve[T].runs.push_back(run);
        findings.numbers.push_back({.network = setup.translator.title,
                                    .quantity = quantity,
                                    .alpha = alpha,
                                    .temperature = T,
                                    .seed = parse_seed(run),
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

report::Plot make_plot(const Pair& pair, const char* label) {
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
      plot.dot(points.back(), look, fmt::format("T = {}: {}", T, format_value(sample)));
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

Table table3_row(const ExperimentSetup& setup, const Results& results) {
  const auto of = [&](double alpha, auto quantity) { return sample(results, list_runs(setup, alpha), quantity); };
  const auto before = [](const runs::Run& run) { return run.calibration->evaluation.before.metrics.ece; };
  const auto after = [](const runs::Run& run) { return run.calibration->evaluation.after.metrics.ece; };
  const auto temperature = [](const runs::Run& run) { return run.temperature().value_or(calibration::kNotMeasured); };
  return {.caption =
              "The Transformer's row of table 3: ECE of next words on the test sentences, given the right ones before; T is fitted on "
              "the validation sentences",
          .header = {"", "hard labels", "hard labels at T", "T", fmt::format("smoothing {}", setup.alpha)},
          .rows = {{"ours, " + setup.translator.title, format_value(of(0, before)), format_value(of(0, after)),
                    format_value(of(0, temperature), 2), format_value(of(setup.alpha, before))},
                   {"paper, WMT, base", "0.056", "0.018", "1.13", "0.019"},
                   {"replication, Multi30k", "0.449", "0.058", "1.8", "0.372"}}};
}

Findings evaluate_translations(const ExperimentSetup& setup, const Results& results) {
  Findings findings;
  if (setup.text.empty()) return findings;
  const auto pair = [&](const char* quantity) {
    return Pair{read_curve(findings, setup, results, 0, quantity), read_curve(findings, setup, results, setup.alpha, quantity)};
  };
  const Pair bleu = pair("bleu"), nll = pair("nll"), ece = pair("ece");
  findings.claims.push_back(claim_above({.text = "Smoothing raises BLEU at T = 1"}, plain(bleu.smooth), plain(bleu.hard)));
  findings.claims.push_back(claim_above({.text = "Smoothing costs likelihood: the best NLL of hard labels is the lower one"},
                                        least(nll.smooth), least(nll.hard)));
  findings.claims.push_back(claim_above({.text = "Smoothing lowers the ECE at T = 1"}, plain(ece.hard), plain(ece.smooth)));
  findings.claims.push_back(claim_above({.text = "Temperature lowers the ECE of hard labels"}, plain(ece.hard), least(ece.hard)));
  findings.tables.push_back(table3_row(setup, results));
  if (bleu.hard.empty() || bleu.smooth.empty()) return findings;
  const std::vector<Panel> panels{
      {"BLEU", make_plot(bleu, "BLEU")}, {"likelihood", make_plot(nll, "NLL")}, {"calibration", make_plot(ece, "ECE")}};
  const std::vector<std::string> names{"hard labels", fmt::format("smoothing {}", setup.alpha)};
  findings.figures.push_back(
      make_figure("figure-4.svg", panels, 3, names,
                  "Multi30k, English to German: beam search with probabilities at T, and next words at T; means over seeds"));
  return findings;
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
