// temper report

#include "apps/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "apps/report/comparison.h"
#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/names.h"
#include "core/base/number_text.h"
#include "models/runs/run_file.h"
#include "models/runs/run_folder.h"

namespace temper::app {
namespace {

struct ReportOptions {
  std::vector<std::string> runs;
  std::string out = "report.html";
  bool json = false;
};

// "0.1234 ± 0.0021"
std::string spread_text(const report::Arm& arm, double scale, int digits, const std::function<double(const runs::Run&)>& value) {
  const auto [mean, deviation] = report::spread(arm, value);
  return std::isfinite(mean) ? fmt::format("{:.{}f} ± {:.{}f}", scale * mean, digits, scale * deviation, digits) : std::string("-");
}

// A setting that ran with several seeds: mean and standard deviation; its runs follow.
std::vector<std::string> arm_cells(const report::Arm& arm, const report::Comparison& comparison, bool with_bleu) {
  const auto after = [](double calibration::Metrics::*metric) {
    return [metric](const runs::Run& run) {
      return run.calibration ? run.calibration->evaluation.after.metrics.*metric : calibration::kNotMeasured;
    };
  };
  const runs::Run& first = arm.first();
  std::vector<std::string> cells{report::name_of(arm, comparison),
                                 first.recipe.model,
                                 fmt::format("{:g}", first.recipe.smoothing),
                                 grouped(first.parameters),
                                 spread_text(arm, 100, 2, [](const runs::Run& run) { return run.test.accuracy; }) + " %",
                                 spread_text(arm, 1, 4, [](const runs::Run& run) { return run.test.nll; }),
                                 spread_text(arm, 1, 4, [](const runs::Run& run) { return run.test.ece; }),
                                 spread_text(arm, 1, 4, report::fitted_temperature),
                                 spread_text(arm, 1, 4, after(&calibration::Metrics::nll)),
                                 spread_text(arm, 1, 4, after(&calibration::Metrics::ece))};
  if (with_bleu)
    cells.insert(cells.begin() + 4, spread_text(arm, 1, 2, [](const runs::Run& run) {
                   return run.score ? run.score->bleu.score : calibration::kNotMeasured;
                 }));
  return cells;
}

std::string make_table(const std::vector<runs::Run>& records) {
  const auto number = [](double value) { return std::isfinite(value) ? decimal(value) : std::string("-"); };
  const bool with_bleu = std::ranges::any_of(records, [](const runs::Run& run) { return run.score.has_value(); });
  std::vector<std::string> header{"run", "model", "smoothing", "parameters", "accuracy", "NLL", "ECE", "T", "NLL at T", "ECE at T"};
  if (with_bleu) header.insert(header.begin() + 4, "BLEU");
  Table table(header);
  const auto add_run = [&](const runs::Run& run, const char* indent) {
    std::vector<std::string> cells{indent + run.name,       run.recipe.model,           fmt::format("{:g}", run.recipe.smoothing),
                                   grouped(run.parameters), percent(run.test.accuracy), number(run.test.nll),
                                   number(run.test.ece)};
    if (with_bleu) cells.insert(cells.begin() + 4, run.score ? number(run.score->bleu.score) : "-");
    if (run.calibration) {
      const calibration::Metrics& after = run.calibration->evaluation.after.metrics;
      cells.insert(cells.end(), {number(run.temperature().value_or(calibration::kNotMeasured)), number(after.nll), number(after.ece)});
    }
    table.row(cells);
  };
  for (const report::Comparison& comparison : report::comparisons(records)) {
    for (const report::Arm& arm : comparison.arms) {
      if (arm.runs.size() > 1) table.row(arm_cells(arm, comparison, with_bleu));
      for (const runs::Run* run : arm.runs) add_run(*run, arm.runs.size() > 1 ? "  " : "");
    }
    const auto in_an_arm = [&](const runs::Run* run) {
      return std::ranges::any_of(comparison.arms, [&](const report::Arm& arm) { return std::ranges::count(arm.runs, run) > 0; });
    };
    for (const runs::Run* run : comparison.runs)
      if (!in_an_arm(run)) add_run(*run, "");
  }
  return table.text();
}

void run(const ReportOptions& options) {
  std::vector<runs::Run> records;
  const std::vector<std::string> folders = runs_of_sweeps(options.runs);
  for (const std::string& folder : folders) check_not_read("--out", options.out, runs::run_files(folder));
  const std::vector<std::string> names = distinct_names(folders);
  for (std::size_t i = 0; i < names.size(); ++i) {
    records.push_back(runs::read_run(folders[i]));
    records.back().name = names[i];
  }
  write_file(options.out, report::page(records));
  if (options.json) {
    print_json(Json{{"page", options.out}, {"runs", folders}, {"names", names}});
  } else {
    print("{}\n{}: the page of {}; open it in a browser\n", Lines{make_table(records)}, options.out,
          counted(static_cast<Index>(records.size()), "run"));
  }
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* command = app.add_subcommand("report", "Write one self-contained HTML page about one or several runs");
  auto options = std::make_shared<ReportOptions>();
  command->add_option("runs", options->runs, "The folders of runs, or of sweeps for all of theirs")->required()->type_name("RUN...");
  command->add_option("--out", options->out, "The page to write (default report.html)")->type_name("FILE");
  command->add_flag("--json", options->json, "Print what was written as one JSON object on stdout");
  command->footer(
      "The page shows learning curves, reliability diagrams before and after temperature,\nconfidence histograms and a table of all runs.");
  command->callback([options] {
    if (works_alone("temper report")) run(*options);
  });
}

}  // namespace temper::app
