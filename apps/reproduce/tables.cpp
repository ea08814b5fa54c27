#include "apps/reproduce/tables.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "apps/reproduce/experiments.h"

namespace temper::reproduce {
namespace {

double ece_before(const runs::Run& run) { return run.calibration->evaluation.before.metrics.ece; }
double ece_after(const runs::Run& run) { return run.calibration->evaluation.after.metrics.ece; }
double fitted_temperature(const runs::Run& run) { return run.temperature().value_or(calibration::kNotMeasured); }

// The bootstrap's standard error of an ECE, from its interval.
double ece_sampling(const calibration::Interval& interval) { return interval.width() / (2 * 1.96); }

// That of the difference of two ECEs, of the first run of each.
double ece_sampling(const Results& results, const Sample& a, bool after_a, const Sample& b, bool after_b) {
  if (a.empty() || b.empty()) return 0;
  const auto of = [&](const Sample& sample, bool after) {
    const calibration::Evaluation& evaluation = results.run(sample.runs.front())->calibration->evaluation;
    return ece_sampling(after ? evaluation.after.ece_interval : evaluation.before.ece_interval);
  };
  return std::hypot(of(a, after_a), of(b, after_b));
}

// The public replication on CIFAR-10 (ReScience C, "[Re] When Does Label Smoothing Help?"), alpha 0, .05, .1.
struct Replication {
  std::map<double, const char*> accuracy, ece;
  const char* scaled;  // ECE and T after temperature scaling
};

const Replication* find_replication(const Training& training) {
  static const Replication kAlexNet{
      {{0, "85.01"}, {0.05, "85.13"}, {0.1, "85.47"}}, {{0, ".097"}, {0.05, ".026"}, {0.1, ".048"}}, ".012 (2.5)"};
  static const Replication kResNet{
      {{0, "93.59"}, {0.05, "93.62"}, {0.1, "93.33"}}, {{0, ".049"}, {0.05, ".028"}, {0.1, ".065"}}, ".006 (3.1)"};
  if (training.key == "alexnet") return &kAlexNet;
  return training.key.starts_with("resnet") ? &kResNet : nullptr;
}

std::string cited(const Training& training, double alpha, std::map<double, const char*> Replication::*column) {
  const Replication* replication = find_replication(training);
  if (!replication) return "–";
  const auto found = (replication->*column).find(alpha);
  return found == (replication->*column).end() ? "–" : found->second;
}

// The paper's table 2 has AlexNet on CIFAR-10 among its rows.
std::string paper_accuracy(const Training& training, double alpha) {
  if (training.key != "alexnet") return "–";
  return alpha == 0 ? "86.8 ± 0.2" : alpha == 0.1 ? "86.7 ± 0.3" : "–";
}

Findings table2(const ExperimentSetup& setup, const Results& results) {
  Findings findings;
  Table table{.caption = "Test accuracy in per cent on " + setup.pictures_title + ", mean and standard error over seeds",
              .header = {"network", "smoothing", "seeds", "ours", "paper", "replication"}};
  for (const TableRow& row : table_rows(setup)) {
    std::vector<Sample> all;
    for (const double alpha : setup.table_alphas) {
      const Sample smooth = sample(results, list_runs(row, alpha), accuracy);
      add_numbers(findings, smooth, {.network = row.training.title, .quantity = "accuracy", .alpha = alpha});
      all.push_back(smooth);
      table.rows.push_back({row.training.title, fmt::format("{}", alpha), std::to_string(smooth.values.size()), format_percent(smooth),
                            paper_accuracy(row.training, alpha), cited(row.training, alpha, &Replication::accuracy)});
    }
    const Sample hard = sample(results, list_runs(row, 0), accuracy), smooth = sample(results, list_runs(row, setup.alpha), accuracy);
    findings.claims.push_back(
        claim_above({.text = fmt::format("{}: smoothing by {} costs no accuracy worth the name", row.training.title, setup.alpha),
                     .unit = Unit::points,
                     .least = -0.01,
                     .sampling = accuracy_sampling(smooth, hard),
                     .alike = all},
                    smooth, hard));
  }
  findings.tables.push_back(std::move(table));
  return findings;
}

Findings table3(const ExperimentSetup& setup, const Results& results) {
  Findings findings;
  Table table{.caption = "Expected calibration error, 15 bins, on the test images of " + setup.pictures_title +
                         "; in brackets the temperature, fitted on held-out images",
              .header = {"network", "smoothing", "ECE", "ECE at T", "T", "replication: ECE", "ECE at T"}};
  for (const TableRow& row : table_rows(setup)) {
    const std::string& title = row.training.title;
    const auto ece = [&](double alpha, bool after) { return sample(results, list_runs(row, alpha), after ? ece_after : ece_before); };
    for (const double alpha : setup.table_alphas) {
      const Sample before = ece(alpha, false), after = ece(alpha, true), T = sample(results, list_runs(row, alpha), fitted_temperature);
      add_numbers(findings, before, {.network = title, .quantity = "ECE", .alpha = alpha, .temperature = 1.0});
      add_numbers(findings, after, {.network = title, .quantity = "ECE after temperature scaling", .alpha = alpha}, kCalibrator);
      add_numbers(findings, T, {.network = title, .quantity = "fitted temperature", .alpha = alpha}, kCalibrator);
      const Replication* replication = find_replication(row.training);
      table.rows.push_back({title, fmt::format("{}", alpha), format_value(before), format_value(after), format_value(T, 2),
                            cited(row.training, alpha, &Replication::ece), replication && alpha == 0 ? replication->scaled : "–"});
    }
    // The smoothing that calibrates best, as the paper chose its alpha.
    double best = 0, least = 2;
    for (const double alpha : setup.table_alphas) {
      const Sample smooth = ece(alpha, false);
      if (alpha == 0 || smooth.empty() || mean(smooth.values) >= least) continue;
      best = alpha;
      least = mean(smooth.values);
    }
    const Sample hard = ece(0, false), scaled = ece(0, true), smooth = best > 0 ? ece(best, false) : Sample{};
    findings.claims.push_back(claim_above({.text = title + ": temperature scaling lowers the ECE of hard labels",
                                           .sampling = ece_sampling(results, hard, false, scaled, true)},
                                          hard, scaled));
    findings.claims.push_back(claim_above(
        {.text = fmt::format("{}: label smoothing{} lowers the ECE without any scaling", title, best > 0 ? fmt::format(" ({})", best) : ""),
         .sampling = ece_sampling(results, hard, false, smooth, false)},
        hard, smooth));
  }
  findings.tables.push_back(std::move(table));
  return findings;
}

}  // namespace

std::vector<TableRow> table_rows(const ExperimentSetup& setup) {
  return {{setup.small, setup.table_seeds}, {setup.large, setup.large_seeds}};
}

std::vector<std::string> list_runs(const TableRow& row, double alpha) {
  std::vector<std::string> names;
  for (int seed = 1; seed <= row.seeds; ++seed) names.push_back(run_name("pictures", row.training, alpha, seed));
  return names;
}

void add_table_steps(const ExperimentSetup& setup, Plan& plan) {
  for (const TableRow& row : table_rows(setup))
    for (int seed = 1; seed <= row.seeds; ++seed)
      for (const double alpha : setup.table_alphas) plan.train("pictures", setup.pictures, row.training, alpha, seed);
}

const Experiment kTable2{.name = "table2",
                         .title = "Table 2: accuracy with and without label smoothing",
                         .question = "Is a network that was trained on smoothed labels as good a classifier as one trained on hard labels?",
                         .add_steps = add_table_steps,
                         .evaluate = table2};

const Experiment kTable3{.name = "table3",
                         .title = "Table 3: calibration",
                         .question =
                             "A network is calibrated when it is right as often as it says. Temperature scaling repairs an overconfident "
                             "network afterwards; does label smoothing do so while training?",
                         .add_steps = add_table_steps,
                         .evaluate = table3};

}  // namespace temper::reproduce
