#include "apps/reproduce/page.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "apps/report/notation.h"
#include "apps/report/style_sheet.h"
#include "core/base/file.h"
#include "core/base/number_text.h"
#include "data/tables/csv.h"

namespace temper::reproduce {
namespace {

using report::escape;

// Beside the report's style sheet.
constexpr const char* kStyle = R"css(
.claims { margin: 0 0 18px; padding: 0; list-style: none; max-width: 92ch; }
.claims li { margin: 0 0 12px; padding-left: 15px; border-left: 3px solid var(--hair); overflow-wrap: anywhere; }
.claims .confirmed { border-color: var(--c2); } .claims .refuted { border-color: var(--c1); }
.claims b, .verdict { font-weight: 600; } .claims small { display: block; color: var(--quiet); font-size: 13px; }
.verdict { display: inline-block; } .verdict::first-letter { text-transform: uppercase; }
.confirmed .verdict { color: var(--c2); } .refuted .verdict { color: var(--c1); }
table.ours { border-collapse: collapse; font-size: 13.5px; line-height: 1.4; font-variant-numeric: tabular-nums; margin-bottom: 20px; }
.ours th, .ours td { padding: 7px 16px 7px 0; text-align: left; border-bottom: 1px solid var(--hair); white-space: nowrap; }
.ours th { color: var(--quiet); font-size: 12px; font-weight: 500; }
figure { margin: 0 0 26px; } figcaption { color: var(--quiet); font-size: 13.5px; margin-top: 10px; }
figure .curves { grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr)); gap: 14px; }
figure .panel { max-width: 760px; }
)css";

const char* look(Verdict verdict) {
  return verdict == Verdict::confirmed ? "confirmed" : verdict == Verdict::not_confirmed ? "refuted" : "open";
}

std::string claims(const std::vector<Claim>& all) {
  std::string text = "<ul class=\"claims\">\n";
  for (const Claim& claim : all) {
    text += fmt::format("<li class=\"{}\"><b>{}.</b> <span class=\"verdict\">{}</span>: {}.", look(claim.verdict), escape(claim.text),
                        name(claim.verdict), escape(claim.ours));
    if (!claim.test.empty()) text += fmt::format("<small>{}</small>", escape(claim.test));
    text += "</li>\n";
  }
  return text + "</ul>\n";
}

std::string table(const Table& table) {
  std::string text =
      fmt::format("<p class=\"note\">{}.</p>\n<div class=\"table\"><table class=\"ours\">\n<thead><tr>", escape(table.caption));
  for (const std::string& cell : table.header) text += "<th scope=\"col\">" + escape(cell) + "</th>";
  text += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    text += "<tr>";
    for (const std::string& cell : row) text += "<td>" + escape(cell) + "</td>";
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string figure(const Figure& figure) {
  return fmt::format("<figure>\n{}<figcaption>{}.{}</figcaption>\n</figure>\n", figure.html, escape(figure.caption),
                     figure.file.empty() ? "" : fmt::format(" <a href=\"{0}\">{0}</a>", escape(figure.file)));
}

std::string chapter(const Chapter& chapter) {
  std::string text = fmt::format("<section id=\"{}\">\n<h2>{}</h2>\n<p class=\"how\">{}</p>\n", chapter.experiment->name,
                                 escape(chapter.experiment->title), escape(chapter.experiment->question));
  text += claims(chapter.findings.claims);
  for (const Table& one : chapter.findings.tables) text += table(one);
  for (const Figure& one : chapter.findings.figures) text += figure(one);
  return text + "</section>\n";
}

std::string summary(const std::vector<Chapter>& chapters) {
  int counts[3] = {0, 0, 0};
  for (const Chapter& chapter : chapters)
    for (const Claim& claim : chapter.findings.claims) ++counts[static_cast<int>(claim.verdict)];
  return fmt::format("{} confirmed, {} not confirmed, {} not decidable at this scale.", counted(counts[0], "claim"), counts[1], counts[2]);
}

std::string sources(const std::vector<Chapter>& chapters) {
  std::set<std::string> files;
  for (const Chapter& chapter : chapters)
    for (const Number& number : chapter.findings.numbers) files.insert(number.source);
  std::string items;
  for (const std::string& file : files) items += "<li><code>" + escape(file) + "</code></li>\n";
  return fmt::format(
      "<section>\n<h2>Where the numbers come from</h2>\n<p class=\"how\"><a href=\"numbers.csv\">numbers.csv</a> has every number with its "
      "network, smoothing, temperature, seed and the file it stands in; run.json in the same folder has all settings of the run.</p>\n"
      "<details><summary>{}</summary><ul class=\"settings\">\n{}</ul></details>\n</section>\n",
      counted(static_cast<Index>(files.size()), "file"), items);
}

}  // namespace

std::string page(const ExperimentSetup& setup, const std::vector<Chapter>& chapters, const Extent& extent) {
  std::string text = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\"/>\n<title>When Does Label Smoothing Help? by "
      "temper</title>\n<style>{}{}</style>\n</head>\n<body>\n<main>\n<header>\n"
      "<p class=\"eyebrow\">temper reproduce, scale {}</p>\n<h1>When Does Label Smoothing Help?</h1>\n<p class=\"lead\">Müller, Kornblith "
      "and "
      "Hinton (2019), trained again with temper. {} {} {} of {} steps of the plan were done when this page was made.</p>\n</header>\n",
      report::kStyleSheet, kStyle, name(setup.scale), escape(setup.schedule), summary(chapters), extent.done, extent.all);
  for (const Chapter& one : chapters) text += chapter(one);
  return text + sources(chapters) +
         "<footer>Made by temper reproduce. Paper: arXiv 1906.02629. Replication: ReScience C, “[Re] When Does Label "
         "Smoothing Help?”.</footer>\n</main>\n</body>\n</html>\n";
}

std::string numbers_csv(const std::vector<Chapter>& chapters) {
  std::string text = "experiment,network,quantity,smoothing,temperature,seed,value,source\n";
  for (const Chapter& chapter : chapters) {
    for (const Number& n : chapter.findings.numbers) {
      text +=
          fmt::format("{},{},{},{},{},{},{:.9g},{}\n", chapter.experiment->name, data::csv_field(n.network), data::csv_field(n.quantity),
                      n.alpha, n.temperature ? fmt::format("{}", *n.temperature) : "", n.seed, n.value, n.source);
    }
  }
  return text;
}

void write_files(const std::string& folder, const ExperimentSetup& setup, const std::vector<Chapter>& chapters, const Extent& extent) {
  const std::filesystem::path path(folder);
  for (const Chapter& chapter : chapters)
    for (const Figure& figure : chapter.findings.figures)
      if (!figure.file.empty()) write_file((path / figure.file).string(), figure.svg);
  write_file((path / "numbers.csv").string(), numbers_csv(chapters));
  write_file((path / "index.html").string(), page(setup, chapters, extent));
}

}  // namespace temper::reproduce
