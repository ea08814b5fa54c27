// temper reproduce

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "apps/reproduce/experiments.h"
#include "apps/reproduce/page.h"
#include "apps/reproduce/plan_run.h"
#include "apps/reproduce/process.h"
#include "apps/temper/commands/commands.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/number_option.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "apps/temper/terminal/stop_signal.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "core/engine/machine.h"

namespace temper::app {
namespace {

namespace fs = std::filesystem;
using namespace reproduce;

struct ReproduceOptions {
  std::string what, scale = "quick", data, out;
  int jobs = 0, threads = 0;
  bool plan_only = false, page_only = false, json = false;
};

std::string quoted(const std::vector<std::string>& words) {
  std::string text = "temper";
  for (const std::string& word : words) text += " " + shell_word(word);
  return text;
}

void print_plan(const Plan& plan, const std::string& folder) {
  for (const Step& step : plan.steps())
    print("{}  {}\n", !folder.empty() && is_done(plan, step, folder) ? "done" : "    ", quoted(step.command));
  print("{}, about {} of one core left\n", counted(static_cast<Index>(plan.steps().size()), "step"),
        duration(60 * minutes_left(plan, folder)));
}

Extent count_steps(const Plan& plan, const std::string& folder) {
  const auto done = std::ranges::count_if(plan.steps(), [&](const Step& step) { return is_done(plan, step, folder); });
  return {static_cast<int>(done), static_cast<int>(plan.steps().size())};
}

void print_step(const PlanProgress& progress) {
  if (progress.begins) return;
  note("  [{}/{}] {}  {}  ETA {}\n", progress.done, progress.all, progress.step, duration(progress.seconds),
       duration(progress.seconds_left));
}

void print_result(const ReproduceOptions& options, const std::vector<Chapter>& chapters, const Extent& extent) {
  const std::string index = (fs::path(options.out) / "index.html").string();
  if (options.json) {
    Json json{{"scale", options.scale}, {"out", options.out}, {"page", index}, {"done", extent.done}, {"steps", extent.all}};
    for (const Chapter& chapter : chapters) {
      for (const Claim& claim : chapter.findings.claims)
        json["claims"].push_back(
            {{"experiment", chapter.experiment->name}, {"claim", claim.text}, {"verdict", name(claim.verdict)}, {"ours", claim.ours}});
    }
    print_json(json);
    return;
  }
  for (const Chapter& chapter : chapters) {
    print("{}\n", chapter.experiment->title);
    for (const Claim& claim : chapter.findings.claims) print("  {:<28} {}: {}\n", name(claim.verdict), claim.text, claim.ours);
  }
  print("{}: the page; open it in a browser\n", index);
}

// The steps of what was asked, in the order of the paper.
Plan make_plan(const std::vector<const Experiment*>& wanted, const ExperimentSetup& setup) {
  Plan plan;
  for (const Experiment* experiment : wanted) experiment->add_steps(setup, plan);
  plan.order_by_seed();
  return plan;
}

// The commands name the data by a link in the folder, so that they, and the settings in each run.json, are the same on every machine.
constexpr const char* kDataLink = "data";

void link_data(const std::string& folder, const std::string& data) {
  const fs::path link = fs::path(folder) / kDataLink;
  TEMPER_CHECK(fs::is_symlink(link) || !fs::exists(link), link.string(),
               ": is no link, but the folder is to have one of this name to the data; give another --out");
  fs::remove(link);
  fs::create_directory_symlink(fs::absolute(data).lexically_normal(), link);
}

// Missing data are found before hours have passed.
void check_data(const Plan& plan, const std::string& data) {
  for (const Step& step : plan.steps()) {
    const auto option = std::ranges::find(step.command, "--data");
    if (option == step.command.end()) continue;
    const std::string& spec = *(option + 1);
    const auto colon = spec.find(':');
    if (colon == std::string::npos) continue;
    const fs::path part = fs::path(data) / fs::path(spec.substr(colon + 1)).lexically_relative(kDataLink);
    TEMPER_CHECK(fs::exists(part), "--data: there is no ", part.string(), "; data/fetch.sh ", spec.substr(0, colon), " DIR brings it");
  }
}

int jobs_of(const ReproduceOptions& options) { return options.jobs > 0 ? options.jobs : usable_cores(); }

void run_plan(const ReproduceOptions& options, const Plan& plan) {
  const int jobs = jobs_of(options);
  const PlanRunOptions how{.folder = options.out,
                           .program = this_program(),
                           .jobs = jobs,
                           .threads = options.threads > 0 ? options.threads : std::max(1, usable_cores() / jobs)};
  const Extent extent = count_steps(plan, options.out);
  if (jobs * how.threads > usable_cores())
    warn(str_cat(jobs, " at a time with ", counted(how.threads, "thread"), " each, on ", counted(usable_cores(), "core"),
                 " that this process may use: they take turns; lower --jobs or --threads"));
  if (!options.json)
    note("{}: {} of {} left, {} at a time, ETA {}\n", options.out, extent.all - extent.done, counted(extent.all, "step"), jobs,
         duration(60 * minutes_left(plan, options.out) / jobs));
  watch_stop_signals();
  const bool finished = run(plan, how,
                            {.on_step =
                                 [&](const PlanProgress& p) {
                                   if (!options.json) print_step(p);
                                 },
                             .stop = [] { return stop_signal() != 0; }});
  if (!finished)
    throw StoppedBySignal(stop_signal(),
                          fmt::format("{}: stopped; finished steps are kept, run the same command to continue", options.out));
}

void run_command(ReproduceOptions options) {
  const std::vector<const Experiment*> wanted = experiments(options.what);
  const Scale scale = reproduce::parse_scale(options.scale);
  const ExperimentSetup setup = reproduce::experiment_setup(scale, options.data.empty() ? "" : kDataLink);
  const Plan plan = make_plan(wanted, setup);
  if (!options.out.empty() && fs::is_directory(options.out))
    reproduce::check_trainings(
        plan, {.folder = fs::absolute(options.out).lexically_normal().string(), .program = this_program(), .jobs = jobs_of(options)});
  if (options.plan_only) {
    print_plan(plan, options.out);
    return;
  }
  TEMPER_CHECK(!options.out.empty(), "--out: missing; give a folder for the runs and the page");
  if (!options.page_only) check_data(plan, options.data);
  make_folder(options.out);
  if (!options.page_only && !options.data.empty()) link_data(options.out, options.data);
  options.out = fs::absolute(options.out).lexically_normal().string();
  if (!options.page_only) run_plan(options, plan);
  const Results results(options.out);
  std::vector<Chapter> chapters;
  for (const Experiment* experiment : wanted) chapters.push_back({experiment, experiment->evaluate(setup, results)});
  const Extent extent = count_steps(plan, options.out);
  write_files(options.out, setup, chapters, extent);
  print_result(options, chapters, extent);
}

std::string experiment_list() {
  std::string text;
  for (const Experiment* experiment : experiments()) text += fmt::format("  {:<8}  {}\n", experiment->name, experiment->title);
  return text;
}

}  // namespace

void add_reproduce(CLI::App& app) {
  CLI::App* command = app.add_subcommand("reproduce", "Train the paper's tables and figures again, and test its claims");
  auto options = std::make_shared<ReproduceOptions>();
  command->add_option("what", options->what, "One of the list below, or all")
      ->required()
      ->check([](const std::string& name) {
        try {
          experiments(name);
          return std::string();
        } catch (const Error& error) {
          return std::string(error.what());
        }
      })
      ->type_name("WHAT");
  command->add_option("--scale", options->scale, "quick (default), short or paper, see below")->type_name("NAME");
  command
      ->add_option("--data", options->data,
                   "The folder with mnist/, cifar-10-batches-bin/ and multi30k/, as data/fetch.sh leaves them; not for quick")
      ->type_name("DIR");
  command->add_option("--out", options->out, "The folder of all runs, figures, numbers.csv and index.html")->type_name("DIR");
  in_range(command->add_option("--jobs", options->jobs, "Steps at a time (default: as many as there are cores)"), whole(1, 1024))
      ->type_name("N");
  in_range(command->add_option("--threads", options->threads, "Threads of each (default: the cores are shared)"), whole(1, 1024))
      ->type_name("N");
  command->add_flag("--plan", options->plan_only, "Print the commands that this amounts to, and which are done; run nothing");
  command->add_flag("--page", options->page_only, "Make the page of what is there; run nothing");
  command->add_flag("--json", options->json, "Print the verdicts as one JSON object on stdout");
  command->footer("What:\n" + experiment_list() +
                  "\nScales:\n"
                  "  quick   the digits inside the program, minutes: a rehearsal\n"
                  "  short   CIFAR-10, MNIST and Multi30k with short schedules, about thirteen hours of one core\n"
                  "  paper   the paper's schedules, weeks\n\n"
                  "Every step is a command of temper that can be run by hand. Stop it at any moment; the same command continues, within a\n"
                  "training as well. Several machines that share the folder may run the same command at the same time.\n\n"
                  "Examples:\n"
                  "  temper reproduce all --out reproduction\n"
                  "  temper reproduce mnist --scale short --data ~/data --out reproduction-short");
  command->callback([options] {
    if (works_alone("temper reproduce")) run_command(*options);
  });
}

}  // namespace temper::app
