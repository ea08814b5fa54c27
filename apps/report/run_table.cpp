#include "apps/report/run_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "apps/report/comparison.h"
#include "apps/report/notation.h"
#include "apps/report/svg_plot.h"

namespace temper::report {
namespace {

constexpr int kDigits = 3;  // of NLL and ECE

// The best printed values among runs on the same images; compared as printed, so that a difference nobody sees marks nobody.
struct Best {
  std::string accuracy, nll, nll_after, ece, ece_after;
};

std::string cell(const char* label, const std::string& content, const char* css_class = "") {
  return fmt::format("<td data-label=\"{}\" class=\"{}\"><div>{}</div></td>\n", label, css_class, content);
}

std::string marked(const std::string& value, const std::string& best) {
  if (best.empty() || value != best) return value;
  return "<strong class=\"best\" title=\"best on this test split\">" + value + "</strong>";
}

std::string least(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  return values.size() < 2 ? "" : decimal(std::ranges::min(values), kDigits);
}

Best best_of(const Comparison& comparison) {
  std::vector<double> accuracy, nll, nll_after, ece, ece_after;
  for (const runs::Run* run : comparison.runs) {
    if (std::isfinite(run->test.accuracy)) accuracy.push_back(run->test.accuracy);
    nll.push_back(run->test.nll);
    ece.push_back(run->test.ece);
    if (!run->calibration) continue;
    nll_after.push_back(run->calibration->trial.after.metrics.nll);
    ece_after.push_back(run->calibration->trial.after.metrics.ece);
  }
  return {.accuracy = accuracy.size() < 2 ? "" : percent(std::ranges::max(accuracy), percent_digits(comparison.samples)),
          .nll = least(nll),
          .nll_after = least(nll_after),
          .ece = least(ece),
          .ece_after = least(ece_after)};
}

std::string before_after(double before, const std::string& best_before, bool calibrated, double after, const std::string& best_after) {
  std::string text = marked(decimal(before, kDigits), best_before);
  if (calibrated) text += " <span class=\"arrow\">→</span> " + marked(decimal(after, kDigits), best_after);
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
                     plain(run.recipe.distillation.temperature));
}

std::string temperature_text(const runs::Run& run) {
  if (!run.calibration) return "<span class=\"quiet\">not calibrated</span>";
  const calibration::Fitted& fitted = run.calibration->trial.fitted;
  const std::optional<double> temperature = run.temperature();
  const std::string value = temperature ? decimal(*temperature, 2) : escape(fitted.kind->name);
  if (fitted.status == calibration::Status::converged) return value;
  return value + "<br/><span class=\"badge\">" + escape(status_in_words(fitted.status)) + "</span>";
}

std::string accuracy_text(const runs::Run& run, const Best& best) {
  const int digits = percent_digits(run.test.samples);
  std::string text = marked(percent(run.test.accuracy, digits), best.accuracy);
  if (std::isfinite(run.test.accuracy) && run.test.samples > 0) {
    text += fmt::format(" <span class=\"quiet\">±{}</span>", decimal(100 * sampling_error(run.test.accuracy, run.test.samples), digits));
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

std::string row(const runs::Run& run, std::size_t series, const Best& best, bool with_bleu) {
  const double nll_after = run.calibration ? run.calibration->trial.after.metrics.nll : calibration::kNotMeasured;
  const double ece_after = run.calibration ? run.calibration->trial.after.metrics.ece : calibration::kNotMeasured;
  return "<tr>\n" + name_cell(run, series) + cell("Model", escape(run.recipe.model)) +
         cell("Data", fmt::format("<span title=\"{}\">{}</span>", escape(run.data), escape(data_name(run.data)))) +
         cell("Smoothing", plain(run.recipe.smoothing), "number") + cell("Teacher", teacher_text(run)) +
         cell("Parameters", count(run.parameters), "number") + (with_bleu ? bleu_cell(run) : "") +
         cell("Test accuracy", accuracy_text(run, best), "number") +
         cell("NLL", before_after(run.test.nll, best.nll, run.calibration.has_value(), nll_after, best.nll_after), "number") +
         cell("ECE", before_after(run.test.ece, best.ece, run.calibration.has_value(), ece_after, best.ece_after), "number") +
         cell("T", temperature_text(run), "number") + cell("Time", duration(run.seconds), "number") + "</tr>\n";
}

}  // namespace

std::string status_in_words(calibration::Status status) {
  switch (status) {
    case calibration::Status::converged:
      return "converged";
    case calibration::Status::at_lower_bound:
      return "at its lower bound";
    case calibration::Status::at_upper_bound:
      return "at its upper bound";
    case calibration::Status::not_converged:
      return "not at its minimum: the solver ran out of steps";
    case calibration::Status::kept_identity:
      return "kept at 1: nothing helped";
  }
  return "";
}

std::string run_table(std::span<const runs::Run> runs) {
  std::map<const runs::Run*, Best> best;
  for (const Comparison& comparison : comparisons(runs)) {
    for (const runs::Run* run : comparison.runs) best[run] = best_of(comparison);
  }
  const bool with_bleu = std::ranges::any_of(runs, translates);
  std::string rows;
  for (std::size_t i = 0; i < runs.size(); ++i) rows += row(runs[i], i, best[&runs[i]], with_bleu);
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
