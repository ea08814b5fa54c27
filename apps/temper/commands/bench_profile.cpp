// temper bench --profile NET

#include <fmt/format.h>

#include <algorithm>

#include "apps/temper/commands/bench.h"
#include "apps/temper/commands/op_work.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/output.h"
#include "core/base/json.h"
#include "core/base/number_text.h"
#include "core/engine/parallel.h"

namespace temper::app {
namespace {

using Pass = Tape::Hook::Pass;

// A row of the table: a kind of operation in one pass of a step.
struct ProfileRow {
  std::string what, pass;
  int calls = 0;
  std::vector<double> seconds = {};  // of each step
  double least_seconds = 0;
  Work work = {};
};

struct Profile {
  std::vector<ProfileRow> rows;  // the longest first
  double step_seconds = 0;
};

ProfileRow& make_row(std::vector<ProfileRow>& rows, const std::string& what, const char* pass) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const ProfileRow& row) { return row.what == what && row.pass == pass; });
  return found != rows.end() ? *found : rows.emplace_back(ProfileRow{.what = what, .pass = pass});
}

Profile measure(const BenchOptions& options, const MachineLimits& limits) {
  TimedNetwork network(options.profile, options.batch);
  const double weights = static_cast<double>(network.parameters()) * sizeof(float);
  OpTimer timer(limits, options.shapes ? label_by_shape : label_by_name);
  Profile profile;
  std::vector<double> steps;
  const auto step = [&] {
    const double passes = measure_seconds([&] { network.forward_and_backward(); }), update = measure_seconds([&] { network.update(); });
    steps.push_back(passes + update);
    double in_ops = 0;
    for (const auto& [key, sum] : timer.take()) {
      ProfileRow& row = make_row(profile.rows, key.first, key.second == Pass::forward ? "forward" : "backward");
      row.calls = sum.calls;
      row.seconds.push_back(sum.seconds);
      row.least_seconds = sum.least_seconds;
      row.work = sum.work;
      in_ops += sum.seconds;
    }
    ProfileRow& sgd = make_row(profile.rows, "sgd, momentum", "step");
    sgd.calls = 1;
    sgd.seconds.push_back(update);
    sgd.work = {.bytes = 5 * weights};
    sgd.least_seconds = limits.least_seconds(sgd.work).seconds;
    make_row(profile.rows, "between operations", "").seconds.push_back(passes - in_ops);
  };
  median_seconds(step, 1.0);
  profile.step_seconds = median(steps);
  std::stable_sort(profile.rows.begin(), profile.rows.end(),
                   [](const ProfileRow& a, const ProfileRow& b) { return median(a.seconds) > median(b.seconds); });
  return profile;
}

void show_json(const BenchOptions& options, const Profile& profile, const MachineLimits& limits) {
  Json rows = Json::array();
  for (const ProfileRow& row : profile.rows)
    rows.push_back({{"op", row.what},
                    {"pass", row.pass},
                    {"calls", row.calls},
                    {"seconds", median(row.seconds)},
                    {"least_seconds", row.least_seconds},
                    {"gflop", row.work.flops * 1e-9},
                    {"gb", row.work.bytes * 1e-9}});
  print_json(Json{{"net", options.profile},
                  {"batch", options.batch},
                  {"threads", threads()},
                  {"step_seconds", profile.step_seconds},
                  {"limits", to_json(limits)},
                  {"ops", rows}});
}

}  // namespace

void bench_profile(const BenchOptions& options) {
  show_stage("measuring the machine's limits");
  MachineLimits limits = MachineLimits::measure();
  limits.cached /= 4;  // a step uses more memory than the cache holds; an operation finds only the most recent data there
  show_stage(str_cat("timing the steps of ", options.profile));
  const Profile profile = measure(options, limits);
  clear_stage();
  if (options.json) return show_json(options, profile, limits);

  Table table({"operation", "pass", "calls", "ms", "share", "GFLOP/s", "GB/s", "at the limit, ms", "of limit"}, 2);
  double least = 0;
  for (const ProfileRow& row : profile.rows) {
    const double seconds = median(row.seconds);
    least += row.least_seconds;
    const bool counted = row.work.bytes > 0;
    table.row({row.what, row.pass, row.calls ? std::to_string(row.calls) : "", fmt::format("{:.2f}", seconds * 1e3),
               fmt::format("{:.1f} %", 100 * seconds / profile.step_seconds),
               row.work.flops > 0 ? fmt::format("{:.0f}", row.work.flops / seconds * 1e-9) : "-",
               counted ? fmt::format("{:.1f}", row.work.bytes / seconds * 1e-9) : "-",
               counted ? fmt::format("{:.2f}", row.least_seconds * 1e3) : "-",
               counted ? fmt::format("{:.0f} %", 100 * row.least_seconds / seconds) : "-"});
  }
  table.row({"step", "", "", fmt::format("{:.2f}", profile.step_seconds * 1e3), "100.0 %", "", "", fmt::format("{:.2f}", least * 1e3),
             fmt::format("{:.0f} %", 100 * least / profile.step_seconds)});
  print("{}: a training step, batch {}, {}, medians\n{}\n{}", options.profile, options.batch, counted(threads(), "thread"),
        describe(limits), Lines{table.text()});
}

}  // namespace temper::app
