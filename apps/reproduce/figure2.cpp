// Figure 2: reliability diagrams of hard labels, hard labels at the fitted temperature, and smoothed labels.

#include <fmt/format.h>

#include "apps/reproduce/experiments.h"
#include "apps/reproduce/panels.h"
#include "apps/reproduce/tables.h"

namespace temper::reproduce {
namespace {

report::Plot diagram(std::span<const calibration::Bin> bins, std::size_t series) {
  const report::Axis axis{.label = "confidence", .lower = 0, .upper = 1, .ticks = {0, 0.2, 0.4, 0.6, 0.8, 1}};
  report::Axis accuracy = axis;
  accuracy.label = "accuracy";
  report::Plot plot({.width = 330, .height = 300}, axis, accuracy, "Reliability diagram");
  plot.segment({0, 0}, {1, 1}, "ideal", "perfect calibration");
  std::vector<report::Point> points;
  for (const calibration::Bin& bin : bins) {
    if (bin.count == 0) continue;
    points.push_back({bin.confidence, bin.accuracy});
    plot.dot(points.back(), report::series_class(series),
             fmt::format("{} images: confidence {:.3f}, accuracy {:.3f}", bin.count, bin.confidence, bin.accuracy));
  }
  plot.line(points, report::series_class(series), "accuracy of each bin");
  return plot;
}

// The mean confidence above the accuracy: what lies under the diagonal.
double overconfidence(std::span<const calibration::Bin> bins) {
  double sum = 0, images = 0;
  for (const calibration::Bin& bin : bins) {
    if (bin.count == 0) continue;
    sum += static_cast<double>(bin.count) * (bin.confidence - bin.accuracy);
    images += static_cast<double>(bin.count);
  }
  return sum / images;
}

double overconfidence_before(const runs::Run& run) { return overconfidence(run.calibration->evaluation.before.reliability); }

void add_reliability_figure(Findings& findings, const ExperimentSetup& setup, const Results& results, const TableRow& row) {
  const double alpha = setup.table_alphas[1];
  const runs::Run* hard = results.run(list_runs(row, 0).front());
  const runs::Run* smooth = results.run(list_runs(row, alpha).front());
  if (!hard || !smooth) return;
  const std::vector<Panel> panels{
      {"hard labels, T = 1", diagram(hard->calibration->evaluation.before.reliability, 0)},
      {fmt::format("hard labels, T = {:.2f}", hard->temperature().value_or(calibration::kNotMeasured)),
       diagram(hard->calibration->evaluation.after.reliability, 1)},
      {fmt::format("smoothing {}, T = 1", alpha), diagram(smooth->calibration->evaluation.before.reliability, 2)}};
  findings.figures.push_back(make_figure("figure-2-" + row.training.key + ".svg", panels, 3, {},
                                         row.training.title + " on " + setup.pictures_title +
                                             ", 15 bins, seed 1. On the dashed line the network "
                                             "is right as often as it says; below it, it is overconfident"));
}

Findings evaluate_reliability(const ExperimentSetup& setup, const Results& results) {
  Findings findings;
  for (const TableRow& row : table_rows(setup)) {
    add_reliability_figure(findings, setup, results, row);
    const Sample hard = sample(results, list_runs(row, 0), overconfidence_before);
    const Sample smooth = sample(results, list_runs(row, setup.table_alphas[1]), overconfidence_before);
    const auto add = [&](const Sample& sample, double alpha) {
      add_numbers(
          findings, sample,
          {.network = row.training.title, .quantity = "confidence - accuracy, mean of the bins", .alpha = alpha, .temperature = 1.0},
          kCalibrator);
    };
    add(hard, 0);
    add(smooth, setup.table_alphas[1]);
    Sample none = hard;
    for (double& value : none.values) value = 0;
    // The test images chosen move the accuracy more than they move confidence - accuracy.
    const Sample hard_accuracy = sample(results, list_runs(row, 0), accuracy);
    const Sample smooth_accuracy = sample(results, list_runs(row, setup.table_alphas[1]), accuracy);
    findings.claims.push_back(claim_above({.text = row.training.title + ": hard labels leave the network overconfident",
                                           .unit = Unit::points,
                                           .sampling = accuracy_sampling(hard_accuracy, none)},
                                          hard, none));
    findings.claims.push_back(claim_above({.text = row.training.title + ": smoothing makes it less confident",
                                           .unit = Unit::points,
                                           .sampling = accuracy_sampling(hard_accuracy, smooth_accuracy)},
                                          hard, smooth));
  }
  return findings;
}

}  // namespace

const Experiment kFigure2{.name = "fig2",
                          .title = "Figure 2: reliability",
                          .question = "How often is a network right at a given confidence?",
                          .add_steps = add_table_steps,
                          .evaluate = evaluate_reliability};

}  // namespace temper::reproduce
