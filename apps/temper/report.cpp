// temper report

#include "apps/report/page.h"

#include <fmt/format.h>

#include "apps/temper/commands.h"
#include "core/file.h"
#include "core/json.h"

namespace temper::app {
namespace {

struct Options {
  std::vector<std::string> runs;
  std::string out = "report.html";
  bool json = false;
};

void run(const Options& options) {
  std::vector<report::RunRecord> records;
  for (const std::string& folder : options.runs) records.push_back(report::read_run_record(folder));
  write_file(options.out, report::page(records));
  if (options.json) {
    fmt::print("{}\n", Json{{"page", options.out}, {"runs", options.runs}}.dump());
  } else {
    fmt::print("{}: the page of {} run{}; open it in a browser\n", options.out, records.size(), records.size() == 1 ? "" : "s");
  }
}

}  // namespace

void add_report(CLI::App& app) {
  CLI::App* command = app.add_subcommand("report", "Write one self-contained HTML page about one or several runs");
  auto options = std::make_shared<Options>();
  command->add_option("runs", options->runs, "The folders of runs")->required()->type_name("RUN...");
  command->add_option("--out", options->out, "The page to write (default report.html)")->type_name("FILE");
  command->add_flag("--json", options->json, "Print what was written as one JSON object on stdout");
  command->footer(
      "The page shows learning curves, reliability diagrams before and after temperature,\nconfidence histograms and a table of all runs.");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
