#include "apps/report/run_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "apps/report/comparison.h"
#include "apps/report/notation.h"
#include "apps/report/svg_plot.h"

namespace temper::report {
namespace {

using calibration::Metric;
using calibration::Metrics;

constexpr Metric kAccuracy = calibration::find_metric(&Metrics::accuracy), kNll = calibration::find_metric(&Metrics::nll),
                 kEce = calibration::find_metric(&Metrics::ece);

std::string cell(const char* label, const std::string& content, const char* css_class = "") {
  return fmt::format("<td data-label=\"{}\" class=\"{}\"><div>{}</div></td>\n", label, css_class, content);
}

std::string value_text(const Metric& metric, const Metrics& metrics) {
  const double value = metrics.*metric.value;
  return metric.unit == Metric::Unit::percent ? percent(value, percent_digits(metrics.samples)) : decimal(value, 3);
}

// The value, marked when none of the others is better. Values that print alike count as ties.
std::string marked(const Metric& metric, const Metrics& metrics, std::vector<Metrics> all) {
  std::erase_if(all, [&](const Metrics& other) { return !std::isfinite(other.*metric.value); });
  const std::string text = value_text(metric, metrics);
  if (all.size() < 2) return text;
  const auto [least, greatest] = std::ranges::minmax_element(all, {}, metric.value);
  const Metrics& best = metric.better == Metric::Better::higher ? *greatest : *least;
  if (text != value_text(metric, best)) return text;
  return "<strong class=\"best\" title=\"best on this test split\">" + text + "</strong>";
}

std::vector<Metrics> as_trained(const Comparison& comparison) {
  std::vector<Metrics> all;
  for (const runs::Run* run : comparison.runs) all.push_back(run->test);
  return all;
}

std::vector<Metrics> calibrated(const Comparison& comparison) {
  std::vector<Metrics> all;
  for (const runs::Run* run : comparison.runs)
    if (run->calibration) all.push_back(run->calibration->evaluation.after.metrics);
  return all;
}

std::string before_after(const Metric& metric, const runs::Run& run, const Comparison& comparison) {
  std::string text = marked(metric, run.test, as_trained(comparison));
  if (run.calibration)
    text += " <span class=\"arrow\">→</span> " + marked(metric, run.calibration->evaluation.after.metrics, calibrated(comparison));
  return "<span class=\"pair\">" + text + "</span>";
}

std::string name_cell(const runs::Run& run, std::size_t series) {
  std::string name = swatch(series) + escape(run.name);
  if (const auto epoch = runs::diverged_at(run)) {
    name += fmt::format(" <span class=\"badge\">diverged, epoch {}</span>", *epoch);
  } else if (!std::isfinite(run.test.nll)) {
    name += " <span class=\"badge\">no finite result</span>";
  }
  return "<th scope=\"row\">" + name + "</th>\n";
}

std::string teacher_text(const runs::Run& run) {
  if (!run.teacher) return "<span class=\"quiet\">none</span>";
  return fmt::format("{}<br/><span class=\"quiet\">smoothing {}, T {}</span>",
                     escape(run.teacher->model.empty() ? run.teacher->run : run.teacher->model), plain(run.teacher->smoothing),
                     plain(run.recipe.distillation.teacher_temperature));
}

std::string temperature_text(const runs::Run& run) {
  if (!run.calibration) return "<span class=\"quiet\">not calibrated</span>";
  const calibration::Fitted& fitted = run.calibration->evaluation.fitted;
  const std::optional<double> temperature = run.temperature();
  const std::string value = temperature ? decimal(*temperature, 2) : escape(fitted.kind->name);
  if (fitted.status == calibration::Status::converged) return value;
  return value + "<br/><span class=\"badge\">" + escape(status_in_words(fitted.status)) + "</span>";
}

std::string accuracy_text(const runs::Run& run, const Comparison& comparison) {
  std::string text = marked(kAccuracy, run.test, as_trained(comparison));
  if (std::isfinite(run.test.accuracy) && run.test.samples > 0) {
    text += fmt::format(" <span class=\"quiet\">±{}</span>",
                        decimal(100 * sampling_error(run.test.accuracy, run.test.samples), percent_digits(run.test.samples)));
  }
  return text;
}

bool translates(const runs::Run& run) { return run.score.has_value(); }

// A column that is there when some run translates.
std::string bleu_cell(const runs::Run& run) {
  if (!translates(run)) return cell("BLEU", "<span class=\"quiet\">none</span>", "number");
  return cell("BLEU", fmt::format("<span title=\"{}\">{}</span>", escape(run.score->signature), decimal(run.score->bleu.score, 2)),
              "number");
}

// "97.33 ± 0.21"
std::string spread_text(const Arm& arm, double scale, int digits, const std::function<double(const runs::Run&)>& value) {
  const auto [mean, deviation] = spread(arm, value);
  return std::isfinite(mean)
             ? fmt::format("{} <span class=\"quiet\">±{}</span>", decimal(scale * mean, digits), decimal(scale * deviation, digits))
             : std::string("<span class=\"quiet\">none</span>");
}

// Before the runs of a setting that ran with several seeds: their mean and standard deviation.
std::string arm_row(const Arm& arm, const Comparison& comparison, bool with_bleu) {
  const auto as_trained = [&](const Metric& metric, double scale, int digits) {
    return spread_text(arm, scale, digits, [&](const runs::Run& run) { return run.test.*metric.value; });
  };
  const runs::Run& run = arm.first();
  return fmt::format(
             "<tr class=\"arm\">\n<th scope=\"row\">{}<br/><span class=\"quiet\">mean of {} seeds ± standard deviation</span></th>\n",
             escape(name_of(arm, comparison)), arm.runs.size()) +
         cell("Model", escape(run.recipe.model)) + cell("Data", escape(data_name(run.data))) +
         cell("Smoothing", plain(run.recipe.smoothing), "number") + cell("Teacher", teacher_text(run)) +
         cell("Parameters", count(run.parameters), "number") +
         (with_bleu ? cell("BLEU",
                           spread_text(arm, 1, 2,
                                       [](const runs::Run& one) { return one.score ? one.score->bleu.score : calibration::kNotMeasured; }),
                           "number")
                    : "") +
         cell("Test accuracy", as_trained(kAccuracy, 100, percent_digits(run.test.samples)), "number") +
         cell("NLL", as_trained(kNll, 1, 3), "number") + cell("ECE", as_trained(kEce, 1, 3), "number") +
         cell("T", spread_text(arm, 1, 2, fitted_temperature), "number") +
         cell("Time", spread_text(arm, 1, 1, [](const runs::Run& one) { return one.seconds; }) + " s", "number") + "</tr>\n";
}

std::string row(const runs::Run& run, std::size_t series, const Comparison& comparison, bool with_bleu) {
  return "<tr>\n" + name_cell(run, series) + cell("Model", escape(run.recipe.model)) +
         cell("Data", fmt::format("<span title=\"{}\">{}</span>", escape(run.data), escape(data_name(run.data)))) +
         cell("Smoothing", plain(run.recipe.smoothing), "number") + cell("Teacher", teacher_text(run)) +
         cell("Parameters", count(run.parameters), "number") + (with_bleu ? bleu_cell(run) : "") +
         cell("Test accuracy", accuracy_text(run, comparison), "number") + cell("NLL", before_after(kNll, run, comparison), "number") +
         cell("ECE", before_after(kEce, run, comparison), "number") + cell("T", temperature_text(run), "number") +
         cell("Time", duration(run.seconds), "number") + "</tr>\n";
}

}  // namespace

std::string status_in_words(calibration::Status status) {
  switch (status) {
    case calibration::Status::converged:
      return "converged";
    case calibration::Status::at_lower_bound:
      return "kept at 1: the fit ran to its lower bound";
    case calibration::Status::at_upper_bound:
      return "kept at 1: the fit ran to its upper bound";
    case calibration::Status::not_converged:
      return "not at its minimum: the solver ran out of steps";
    case calibration::Status::kept_identity:
      return "kept at 1: nothing helped";
  }
  return "";
}

std::string run_table(std::span<const runs::Run> runs) {
  const std::vector<Comparison> all = comparisons(runs);
  std::map<const runs::Run*, const Comparison*> comparison;
  for (const Comparison& one : all)
    for (const runs::Run* run : one.runs) comparison[run] = &one;
  const bool with_bleu = std::ranges::any_of(runs, translates);
  std::string rows;
  // The runs of a setting stand together beneath its row, where the first of them was.
  std::set<const runs::Run*> shown;
  const auto show = [&](const runs::Run& run) {
    if (shown.insert(&run).second) rows += row(run, static_cast<std::size_t>(&run - runs.data()), *comparison.at(&run), with_bleu);
  };
  for (const runs::Run& run : runs) {
    const std::vector<Arm>& arms = comparison.at(&run)->arms;
    const auto arm = std::ranges::find_if(arms, [&](const Arm& one) { return std::ranges::count(one.runs, &run) > 0; });
    if (arm != arms.end() && arm->runs.size() > 1 && !shown.contains(&run)) {
      rows += arm_row(*arm, *comparison.at(&run), with_bleu);
      for (const runs::Run* one : arm->runs) show(*one);
    }
    show(run);
  }
  return "<div class=\"table\">\n<table class=\"runs\">\n<thead><tr><th scope=\"col\">Run</th><th scope=\"col\">Model</th><th "
         "scope=\"col\">Data</th>"
         "<th scope=\"col\" class=\"number\">Smoothing</th><th scope=\"col\">Teacher</th><th scope=\"col\" "
         "class=\"number\">Parameters</th>" +
         std::string(with_bleu ? "<th scope=\"col\" class=\"number\">BLEU</th>" : "") +
         "<th scope=\"col\" class=\"number\">Test accuracy</th><th scope=\"col\" class=\"number\">NLL</th>"
         "<th scope=\"col\" class=\"number\">ECE</th><th scope=\"col\" class=\"number\">T</th><th scope=\"col\" "
         "class=\"number\">Time</th></tr>"
         "</thead>\n<tbody>\n" +
         rows + "</tbody>\n</table>\n</div>\n";
}

}  // namespace temper::report
