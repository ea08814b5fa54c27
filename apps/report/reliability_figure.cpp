#include "apps/report/reliability_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/comparison.h"
#include "apps/report/notation.h"
#include "apps/report/run_table.h"
#include "apps/report/svg_plot.h"

namespace temper::report {
namespace {

constexpr std::int64_t kFewPredictions = 10;  // below, the accuracy of a bin is mostly luck

Axis fraction_axis(std::string label) { return {.label = std::move(label), .lower = 0, .upper = 1, .ticks = {0, 0.2, 0.4, 0.6, 0.8, 1}}; }

void draw_bin(Plot& plot, const calibration::Bin& bin) {
  if (bin.count == 0) return;
  const std::string few = bin.count < kFewPredictions ? " few" : "";
  const std::string title = fmt::format("confidence {} to {}: {} predictions, mean confidence {}, accuracy {}, gap {}",
                                        decimal(bin.lower, 2), decimal(bin.upper, 2), bin.count, decimal(bin.confidence, 3),
                                        decimal(bin.accuracy, 3), decimal(bin.accuracy - bin.confidence, 3));
  const double gutter = 0.05 * (bin.upper - bin.lower);
  const double left = bin.lower + gutter, right = bin.upper - gutter;
  plot.bar({.x = left, .y = 0}, {.x = right, .y = bin.accuracy}, "bar" + few, title);
  plot.bar({.x = left, .y = bin.accuracy}, {.x = right, .y = bin.confidence}, (bin.confidence > bin.accuracy ? "over" : "under") + few,
           title);
  if (bin.accuracy == 0)
    plot.bar({.x = left, .y = 0}, {.x = right, .y = 1e-6}, "bar" + few, title);  // a sliver: there are predictions, all wrong
}

std::string diagram(std::span<const calibration::Bin> bins, const std::string& description) {
  const Plot::Frame frame{.width = 250, .height = 238, .left = 36, .right = 12, .top = 26, .bottom = 22};
  Axis confidence = fraction_axis("");
  Plot plot(frame, confidence, fraction_axis("accuracy"), description);
  for (const calibration::Bin& bin : bins) draw_bin(plot, bin);
  plot.segment({.x = 0, .y = 0}, {.x = 1, .y = 1}, "ideal", "perfect calibration: accuracy = confidence");
  return plot.svg();
}

std::string histogram(std::span<const calibration::Bin> bins, const calibration::Metrics& metrics, const std::string& description) {
  const Plot::Frame frame{.width = 250, .height = 120, .left = 36, .right = 12, .top = 26, .bottom = 36};
  double most = 1;
  for (const calibration::Bin& bin : bins) most = std::max(most, static_cast<double>(bin.count));
  Axis counts{.label = "predictions", .lower = 0, .upper = most * 1.08, .ticks = nice_ticks(0, most, 2, true)};
  Plot plot(frame, fraction_axis("confidence"), counts, description);
  for (const calibration::Bin& bin : bins) {
    const double gutter = 0.05 * (bin.upper - bin.lower);
    plot.bar({.x = bin.lower + gutter, .y = 0}, {.x = bin.upper - gutter, .y = static_cast<double>(bin.count)}, "count",
             fmt::format("{} predictions with confidence {} to {}", bin.count, decimal(bin.lower, 2), decimal(bin.upper, 2)));
  }
  const double confidence = mean_confidence(bins);
  plot.segment({.x = confidence, .y = 0}, {.x = confidence, .y = counts.upper}, "mean-confidence",
               "mean confidence " + decimal(confidence, 3));
  plot.segment({.x = metrics.accuracy, .y = 0}, {.x = metrics.accuracy, .y = counts.upper}, "mean-accuracy",
               "accuracy " + decimal(metrics.accuracy, 3));
  return plot.svg();
}

std::string ece_text(const calibration::Assessment& assessment) {
  const std::string ece = "ECE\u00a0" + decimal(assessment.metrics.ece, 3);
  const calibration::Interval& ends = assessment.ece_interval;
  if (!std::isfinite(ends.lower)) return ece;
  return fmt::format("{} <small title=\"95 % interval, by bootstrap\">[{},\u00a0{}]</small>", ece, decimal(ends.lower, 3),
                     decimal(ends.upper, 3));
}

std::string panel(const std::string& heading, const calibration::Assessment& assessment, const std::string& run) {
  const std::span<const calibration::Bin> bins = assessment.reliability;
  const calibration::Metrics& metrics = assessment.metrics;
  std::string text = fmt::format("<div class=\"panel\"><h4>{} <span>{}</span></h4>\n", heading, ece_text(assessment));
  const double confidence = mean_confidence(bins);
  if (!std::isfinite(confidence)) return text + "<p class=\"note\">No reliability bins were recorded.</p></div>\n";
  const int digits = percent_digits(metrics.samples);
  text += diagram(bins, fmt::format("Reliability diagram of {}, {}", run, heading));
  text += histogram(bins, metrics, fmt::format("Histogram of the confidences of {}, {}", run, heading));
  return text + fmt::format("<p class=\"sum\">is {} sure, is right in {}</p></div>\n", percent(confidence, digits),
                            percent(metrics.accuracy, digits));
}

std::string after_heading(const runs::Run& run) {
  if (const std::optional<double> temperature = run.temperature()) return "After, T\u00a0=\u00a0" + decimal(*temperature, 2);
  return "After " + escape(run.calibration->evaluation.fitted.kind->name) + " scaling";
}

std::string card(const runs::Run& run, std::size_t series) {
  std::string text = fmt::format("<article class=\"card\">\n<h3>{}{}</h3>\n<div class=\"panels\">\n", swatch(series), escape(run.name));
  const calibration::Assessment as_trained{.metrics = run.test, .reliability = run.test_reliability, .risk_coverage = {}};
  if (!run.calibration) {
    text += panel("As trained, T\u00a0=\u00a01", as_trained, run.name);
    text +=
        "<p class=\"note\">Not calibrated: <code>temper calibrate</code> fits a temperature, and the diagram after calibration is shown "
        "here.</p>\n";
    return text + "</div>\n</article>\n";
  }
  const calibration::Evaluation& evaluation = run.calibration->evaluation;
  text += panel("Before, T\u00a0=\u00a01", evaluation.before.reliability.empty() ? as_trained : evaluation.before, run.name);
  text += panel(after_heading(run), evaluation.after, run.name);
  text += "</div>\n";
  if (evaluation.fitted.status != calibration::Status::converged)
    text += "<p class=\"note\">The temperature is " + escape(status_in_words(evaluation.fitted.status)) + ".</p>\n";
  return text + "</article>\n";
}

}  // namespace

std::string reliability_figures(std::span<const runs::Run> runs) {
  std::string text =
      "<p class=\"how\"><b>How to read it.</b> The predictions on the test split, of images or of words, are sorted into bins by "
      "confidence, the largest "
      "probability. A bar shows how many of a bin were right; on the dashed diagonal, confidence and accuracy agree. "
      "<span class=\"key\"><i class=\"chip over\"></i>Orange hatching</span> is missing accuracy: the network is surer than it is right. "
      "<span class=\"key\"><i class=\"chip under\"></i>Blue hatching</span> is accuracy that it did not dare to claim. ECE is the mean "
      "height of "
      "the hatching, weighted by the predictions, in brackets its 95 % interval, which leans below it because chance alone raises an ECE: "
      "where two intervals overlap, the difference "
      "may be luck. "
      "Pale "
      "bars hold fewer than 10 predictions and are mostly luck. Beneath: how many each bin "
      "has; "
      "<span class=\"key\"><i class=\"rule dashed\"></i>dashed, the mean confidence</span>, "
      "<span class=\"key\"><i class=\"rule\"></i>solid, the accuracy</span>; calibration brings the two together.</p>\n<div "
      "class=\"cards\">\n";
  for (std::size_t i = 0; i < runs.size(); ++i) text += card(runs[i], i);
  return text + "</div>\n";
}

std::string reliability_patterns() {
  return "<svg class=\"patterns\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\n"
         "<pattern id=\"hatch-over\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
         "<rect class=\"over-ground\" width=\"5\" height=\"5\"/><rect class=\"over-line\" width=\"2\" height=\"5\"/></pattern>\n"
         "<pattern id=\"hatch-under\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(-45)\">"
         "<rect class=\"under-ground\" width=\"5\" height=\"5\"/><rect class=\"under-line\" width=\"2\" height=\"5\"/></pattern>\n"
         "</defs></svg>\n";
}

}  // namespace temper::report
