#include "apps/temper/commands/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <list>
#include <thread>

#include "apps/report/comparison.h"
#include "apps/reproduce/process.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/metrics_text.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/stop_signal.h"
#include "core/base/file.h"
#include "core/base/number_text.h"
#include "core/base/printable.h"
#include "core/engine/machine.h"
#include "models/calibration/metrics/json.h"
#include "models/runs/run_file.h"
#include "models/runs/run_folder.h"

namespace temper::app {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// The options of one of its runs.
std::vector<std::string> arguments_of(const runs::SweepPoint& point, const runs::Sweep& sweep, const TrainingOptions& options,
                                      int threads) {
  std::vector<std::string> arguments{sweep.command};
  arguments.insert(arguments.end(), sweep.arguments.begin(), sweep.arguments.end());
  for (const auto& [key, value] : point.settings) arguments.push_back(training::find_setting(key)->option + "=" + value);
  arguments.insert(arguments.end(), {"--out", (fs::path(options.out) / point.name).string(), "--threads", std::to_string(threads)});
  if (options.overwrite) arguments.emplace_back("--overwrite");
  if (options.resume) arguments.emplace_back("--resume");
  return arguments;
}

class SweepRun {
 public:
  SweepRun(const TrainingOptions& options, const runs::Sweep& sweep)
      : options_(options), sweep_(sweep), points_(runs::points(sweep)), program_(reproduce::this_program()) {
    const int cores = usable_cores();
    jobs_ = std::min(options.jobs > 0 ? options.jobs : cores, static_cast<int>(points_.size()));
    threads_ = options.threads > 0 ? options.threads : std::max(1, cores / jobs_);
    make_folder(fs::path(options.out) / "logs");
  }

  void to_the_end() {
    note("{}: {}, {} at a time\n", options_.out, counted(static_cast<Index>(points_.size()), "run"), jobs_);
    std::size_t next = 0;
    while (next < points_.size() || !running_.empty()) {
      collect();
      if (stop_signal() != 0) {
        for (const Running& running : running_) running.process.ask_to_stop();
        next = points_.size();
      }
      if (next < points_.size() && static_cast<int>(running_.size()) < jobs_) {
        start(points_[next++]);
        continue;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (stop_signal() != 0)
      throw StoppedBySignal(stop_signal(), fmt::format("{}: stopped; resume with: temper {} --resume --out {}", options_.out,
                                                       sweep_.command, shell_word(options_.out)));
  }

  const std::vector<std::string>& failures() const { return failures_; }

 private:
  struct Running {
    const runs::SweepPoint* point;
    std::string log;
    reproduce::Process process;
  };

  void start(const runs::SweepPoint& point) {
    const std::string log = (fs::path(options_.out) / "logs" / (point.name + ".log")).string();
    running_.push_back({&point, log, reproduce::Process(program_, arguments_of(point, sweep_, options_, threads_), ".", log)});
  }

  void collect() {
    for (auto running = running_.begin(); running != running_.end();) {
      const std::optional<int> code = running->process.finished();
      if (!code) {
        ++running;
        continue;
      }
      report(*running, *code);
      running = running_.erase(running);
    }
  }

  void report(const Running& ended, int code) {
    const std::string& name = ended.point->name;
    if (code != 0) {
      if (stop_signal() != 0) return;
      failures_.push_back(fmt::format("{} ({}; see {})", name, reproduce::last_line(ended.log), ended.log));
      warn(fmt::format("{}: {}; the other runs go on", name, reproduce::last_line(ended.log)));
      return;
    }
    const auto all = static_cast<Index>(points_.size());
    const std::string left = ++done_ < all ? ", " + eta(start_, done_, all) : "";
    const runs::Run run = runs::read_run_json((fs::path(options_.out) / name).string());
    if (!options_.json) note("{}: test {} ({} of {}{})\n", name, metrics_line(run.test), done_, all, left);
  }

  const TrainingOptions& options_;
  const runs::Sweep& sweep_;
  const std::vector<runs::SweepPoint> points_;
  const std::string program_;
  int jobs_ = 1, threads_ = 1;
  Index done_ = 0;
  std::list<Running> running_;
  std::vector<std::string> failures_;
  Clock::time_point start_ = Clock::now();
};

// "97.33 ± 0.21": mean and standard deviation over the seeds.
std::string mean_and_spread(const report::Arm& arm, const calibration::Metric& metric) {
  const bool percent = metric.unit == calibration::Metric::Unit::percent;
  const double scale = percent ? 100 : 1;
  const int digits = percent ? 2 : 4;
  const auto [mean, deviation] = report::spread(arm, [&](const runs::Run& run) { return run.test.*metric.value; });
  const std::string text = fmt::format("{:.{}f}", scale * mean, digits);
  return arm.runs.size() < 2 ? text : fmt::format("{} ± {:.{}f}", text, scale * deviation, digits);
}

// A row for each combination of the settings but the seed.
void print_table(const std::vector<runs::Run>& runs, const runs::Sweep& sweep) {
  std::vector<std::string> header;
  for (const runs::SweepAxis& axis : sweep.axes)
    if (axis.key != "seed") header.push_back(axis.key);
  const std::size_t settings = std::max<std::size_t>(1, header.size());
  if (header.empty()) header.emplace_back("model");
  header.emplace_back("runs");
  const std::vector<calibration::Metric> metrics = metrics_shown(calibration::Metric::Shown::in_summaries);
  for (const calibration::Metric& metric : metrics)
    header.push_back(std::string(metric.heading) + (metric.unit == calibration::Metric::Unit::percent ? ", %" : ""));
  Table table(header, settings);
  for (const report::Comparison& comparison : report::comparisons(runs)) {
    for (const report::Arm& arm : comparison.arms) {
      std::vector<std::string> cells;
      for (std::size_t i = 0; i < settings; ++i)
        cells.push_back(training::plain_text(training::find_setting(header[i])->read(arm.first().recipe)));
      cells.push_back(std::to_string(arm.runs.size()));
      for (const calibration::Metric& metric : metrics) cells.push_back(mean_and_spread(arm, metric));
      table.row(cells);
    }
  }
  print("{}", Lines{table.text()});
}

Json to_json(const runs::Run& run, const std::string& folder) {
  return {{"out", folder},
          {"seconds", run.seconds},
          {"parameters", run.parameters},
          {"val", calibration::to_json(run.val)},
          {"test", calibration::to_json(run.test)}};
}

void print_result(const TrainingOptions& options, const runs::Sweep& sweep) {
  std::vector<runs::Run> runs;
  Json json = Json::array();
  for (const runs::SweepPoint& point : runs::points(sweep)) {
    const std::string folder = (fs::path(options.out) / point.name).string();
    if (!fs::exists(fs::path(folder) / "run.json")) continue;
    runs.push_back(runs::read_run_json(folder));
    json.push_back(to_json(runs.back(), folder));
    for (const auto& [key, value] : point.settings) json.back()["settings"][key] = value;
  }
  if (options.json) {
    print_json({{"command", sweep.command}, {"out", options.out}, {"runs", json}});
  } else if (!runs.empty()) {
    print_table(runs, sweep);
    print("{} in {}\n  next: temper calibrate {}; temper report {}\n", counted(static_cast<Index>(runs.size()), "run"), options.out,
          shell_word(options.out), shell_word(options.out));
  }
}

}  // namespace

void run_sweep(const TrainingOptions& options, const runs::Sweep& sweep) {
  for (const runs::SweepPoint& point : runs::points(sweep)) {
    if (!options.resume) runs::check_can_begin((fs::path(options.out) / point.name).string(), options.overwrite);
  }
  SweepRun run(options, sweep);
  runs::write_sweep(options.out, sweep);
  watch_stop_signals();
  run.to_the_end();
  print_result(options, sweep);
  const std::vector<std::string>& failures = run.failures();
  constexpr std::size_t kMost = 3;
  std::string all;
  for (std::size_t i = 0; i < std::min(kMost, failures.size()); ++i) all += (all.empty() ? "" : "; ") + failures[i];
  if (failures.size() > kMost) all += fmt::format("; and {} more", failures.size() - kMost);
  TEMPER_CHECK(failures.empty(), options.out, ": ", failures.size(), " of ", runs::points(sweep).size(), " runs failed: ", all,
               "; mend that, and go on with --resume");
}

}  // namespace temper::app
