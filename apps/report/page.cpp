#include "apps/report/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "apps/report/calibration_figures.h"
#include "apps/report/class_figures.h"
#include "apps/report/comparison.h"
#include "apps/report/findings.h"
#include "apps/report/learning_curves.h"
#include "apps/report/notation.h"
#include "apps/report/reliability_figure.h"
#include "apps/report/run_table.h"
#include "apps/report/style_sheet.h"
#include "apps/report/svg_plot.h"
#include "core/base/check.h"

namespace temper::report {
namespace {

// a/run and b/run become "run" and "run (2)".
std::vector<runs::Run> distinctly_named(std::span<const runs::Run> runs) {
  std::vector<runs::Run> named(runs.begin(), runs.end());
  std::map<std::string, int> seen;
  for (runs::Run& run : named) {
    const int times = ++seen[run.name];
    if (times > 1) run.name += fmt::format(" ({})", times);
  }
  return named;
}

// The different values of something over the runs, in order of appearance.
template <class Text> std::vector<std::string> different(std::span<const runs::Run> runs, Text text) {
  std::vector<std::string> found;
  for (const runs::Run& run : runs) {
    const std::string value = text(run);
    if (!value.empty() && std::ranges::find(found, value) == found.end()) found.push_back(value);
  }
  return found;
}

std::string enumerated(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  return text;
}

std::string headline(std::span<const runs::Run> runs) {
  const std::string data = enumerated(different(runs, [](const runs::Run& run) { return data_name(run.data); }));
  if (runs.size() == 1) return fmt::format("{}: {} on {}", runs.front().name, runs.front().recipe.model, data);
  return fmt::format("{} runs on {}", runs.size(), data);
}

std::string when(std::span<const runs::Run> runs) {
  std::vector<std::string> times = different(runs, [](const runs::Run& run) { return run.created; });
  if (times.empty()) return "";
  std::ranges::sort(times);  // ISO times sort as text
  const std::string first = date(times.front()), last = date(times.back());
  return first == last ? "Run on " + first : "Run between " + first + " and " + last;
}

std::string header(std::span<const runs::Run> runs) {
  std::vector<std::string> facts;
  if (const std::string time = when(runs); !time.empty()) facts.push_back(time);
  const auto versions = different(runs, [](const runs::Run& run) { return run.version; });
  if (!versions.empty()) facts.push_back("temper " + enumerated(versions));
  const auto images =
      different(runs, [](const runs::Run& run) { return run.test.samples > 0 ? count(run.test.samples) + " test " + run.unit() : ""; });
  if (images.size() == 1) facts.push_back("measured on " + images.front());
  std::string line;
  for (const std::string& fact : facts) line += (line.empty() ? "" : " · ") + fact;
  return fmt::format(
      "<header>\n<p class=\"eyebrow\">temper report</p>\n<h1>{}</h1>\n<p class=\"lead\">{}</p>\n<p class=\"lead\">How often "
      "the networks are right, and whether their probabilities can be trusted.</p>\n</header>\n",
      escape(headline(runs)), escape(line));
}

std::string section(const char* heading, const std::string& content) {
  return content.empty() ? "" : fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", heading, content);
}

std::string table(std::span<const runs::Run> runs) {
  return run_table(runs) +
         "<p class=\"note\" style=\"margin-top:12px\">Measured on the test split. An arrow leads from the network as trained (T = 1) to "
         "the network after "
         "temperature scaling; T was fitted on the validation split. A green ground marks the best value among runs on the same test "
         "split, which may be chance, "
         "± the sampling error of the accuracy, √(p(1 − p)/N) in points. A dash: not measured, or not a finite number.</p>\n";
}

std::string setting_list(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string items;
  for (const auto& [name, value] : entries) items += fmt::format("<li><span>{}</span><b>{}</b></li>\n", escape(name), escape(value));
  return items.empty() ? "" : "<ul class=\"settings\">\n" + items + "</ul>\n";
}

std::string settings(std::span<const runs::Run> runs) {
  std::string text;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::vector<std::pair<std::string, std::string>> entries = runs::list_settings(runs[i]);
    const Machine& machine = runs[i].machine;
    entries.insert(entries.end(), {{"cpu", machine.cpu},
                                   {"cores", machine.cores > 0 ? std::to_string(machine.cores) : ""},
                                   {"blas", machine.blas},
                                   {"compiler", machine.compiler}});
    if (runs[i].teacher) entries.emplace_back("teacher", runs[i].teacher->run);
    std::erase_if(entries, [](const auto& entry) { return entry.second.empty(); });
    text += fmt::format("<details>\n<summary>{}{} <span>temper {}, {}</span></summary>\n{}</details>\n", swatch(i), escape(runs[i].name),
                        escape(runs[i].command), escape(date(runs[i].created)), setting_list(entries));
  }
  return text;
}

constexpr const char* kTerms =
    "<dl class=\"terms\">\n"
    "<div><dt>Accuracy</dt><dd>share of the images whose most probable class is the right one, or of the words, given the right ones "
    "before. "
    "More is "
    "better.</dd></div>\n"
    "<div><dt>BLEU</dt><dd>how many sequences of one to four words translations share with the reference, 0 to 100. More is better; two "
    "scores compare when their signatures are the same.</dd></div>\n"
    "<div><dt>NLL</dt><dd>negative log-likelihood: the mean of −log of the probability given to the right class, in nats. Less is better; "
    "it "
    "punishes confident mistakes.</dd></div>\n"
    "<div><dt>ECE</dt><dd>expected calibration error: how far confidence and accuracy are apart, on average over 15 bins of confidence, 0 "
    "to 1. "
    "Less is better.</dd></div>\n"
    "<div><dt>AURC</dt><dd>area under the risk-coverage curve: the error among the predictions that the network is surest of, averaged "
    "over how "
    "many "
    "it answers. Less is better.</dd></div>\n"
    "<div><dt>T</dt><dd>temperature: the logits are divided by it. Above 1 it lowers the network's confidence, below 1 it raises it; the "
    "predicted "
    "class, "
    "and so the accuracy, stays.</dd></div>\n"
    "<div><dt>Smoothing</dt><dd>share of the target spread evenly over all classes while training (Müller, Kornblith and Hinton, 2019). 0 "
    "is "
    "hard labels.</dd></div>\n"
    "<div><dt>Teacher</dt><dd>the network whose predictions a distilled student learned from, the smoothing that the teacher was trained "
    "with, "
    "and its temperature while teaching.</dd></div>\n"
    "</dl>\n";

constexpr const char* kFooter =
    "<footer>Made by temper. One file, no script, nothing is loaded from anywhere: it can be mailed and archived.</footer>\n"
    "</main>\n</body>\n</html>\n";

std::string beginning(const std::string& title) {
  return fmt::format(
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" "
             "content=\"width=device-width, "
             "initial-scale=1\"/>\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
             escape(title), kStyleSheet) +
         reliability_patterns();
}

}  // namespace

std::string page(std::span<const runs::Run> runs) {
  TEMPER_CHECK(!runs.empty(), "report: no runs; name the folder of at least one finished run");
  const std::vector<runs::Run> named = distinctly_named(runs);
  std::string text = beginning("temper: " + headline(named)) + "<main>\n" + header(named);
  text += section("What to read in it", findings(named));
  text += section(named.size() == 1 ? "The run" : "The runs", table(named));
  text += section("How they learned", learning_curves(named));
  text += section("Are their probabilities reliable?", reliability_figures(named));
  text += section("What to do with the confidence", calibration_figures(named));
  text += section("Class by class", class_figures(named));
  text += section("Terms", kTerms);
  text += section("Settings", settings(named));
  return text + kFooter;
}

std::string page_of_logits(const std::string& name, const calibration::CalibrationRecord& record) {
  const calibration::Evaluation& evaluation = record.evaluation;
  const runs::Run run{
      .name = name, .test = evaluation.before.metrics, .test_reliability = evaluation.before.reliability, .calibration = record};
  const std::span<const runs::Run> one(&run, 1);
  std::string advice;
  for (const std::string& sentence : record.advice) advice += "<li>" + escape(sentence) + ".</li>\n";
  if (!advice.empty()) advice = "<ul class=\"findings\">\n" + advice + "</ul>\n";
  return beginning("temper: " + name) + "<main>\n" +
         fmt::format(
             "<header>\n<p class=\"eyebrow\">temper report</p>\n<h1>{}</h1>\n<p class=\"lead\">{} rows, calibrated by {}, measured {}"
             "</p>\n</header>\n",
             escape(name), count(evaluation.before.metrics.samples), escape(evaluation.fitted.kind->name), escape(record.measured_on)) +
         section("What to read in it", advice) + section("Before and after", before_and_after(record)) +
         section("Do the confidences mean what they say?", reliability_figures(one)) +
         section("What to do with the confidence", calibration_figures(one)) + section("Terms", kTerms) + kFooter;
}

}  // namespace temper::report
