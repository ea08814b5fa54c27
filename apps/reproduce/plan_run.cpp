#include "apps/reproduce/plan_run.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <list>
#include <optional>
#include <thread>

#include "apps/reproduce/process.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "models/runs/run_file.h"

namespace temper::reproduce {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

bool is_there(const std::string& file, const std::string& folder) { return fs::exists(fs::path(folder) / file); }

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// How long a training took, by its run; nothing for other steps.
std::optional<double> minutes_taken(const Step& step, const std::string& folder) {
  if (step.weights.empty() || !is_there(step.product, folder)) return std::nullopt;
  try {
    const double seconds = runs::read_run_json((fs::path(folder) / step.product).parent_path().string()).seconds;
    return std::isfinite(seconds) ? std::optional(seconds / 60) : std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // code that needs more than its time reports the error
  }
}

std::optional<FolderLock> try_lock(const std::string& folder) {
  try {
    return FolderLock(folder);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// A step that runs here.
struct Running {
  const Step* step;
  FolderLock lock;
  Process process;
  std::string log;
  Clock::time_point start;
};

class PlanRun {
 public:
  PlanRun(const Plan& plan, const PlanRunOptions& options, const PlanObserver& observer)
      : plan_(plan), options_(options), observer_(observer) {}

  bool to_the_end() {
    while (true) {
      collect();
      const bool stopped = observer_.stop();
      if (stopped || failure_) ask_to_stop();
      if (!stopped && !failure_) start_what_can();
      if (running_.empty()) {
        if (failure_) throw Error(*failure_);
        if (stopped || left() == 0) return left() == 0;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  bool is_done(const Step& step) const { return reproduce::is_done(plan_, step, options_.folder); }

  int left() const {
    return static_cast<int>(std::ranges::count_if(plan_.steps(), [&](const Step& step) { return !is_done(step); }));
  }

  bool is_running(const Step& step) const {
    return std::ranges::any_of(running_, [&](const Running& running) { return running.step == &step; });
  }

  bool is_ready(const Step& step) const {
    return std::ranges::all_of(step.needs, [&](const std::string& need) {
      const auto found = std::ranges::find(plan_.steps(), need, &Step::name);
      return found == plan_.steps().end() || is_done(*found);
    });
  }

  void start_what_can() {
    for (const Step& step : plan_.steps()) {
      if (static_cast<int>(running_.size()) >= options_.jobs) return;
      if (is_done(step) || is_running(step) || !is_ready(step)) continue;
      start(step);
    }
  }

  void start(const Step& step) {
    const fs::path logs = fs::path(options_.folder) / "logs", locks = logs / "locks" / step.name;
    make_folder(locks.string());
    std::optional<FolderLock> lock = try_lock(locks.string());
    if (!lock || is_done(step)) return;                    // another process is at it, or was just now
    fs::remove(fs::path(options_.folder) / step.product);  // of a training whose weights are gone: it is repeated
    const std::string log = (logs / (step.name + ".log")).string();
    std::vector<std::string> arguments = step.command;
    arguments.insert(arguments.end(), {"--threads", std::to_string(options_.threads)});
    running_.push_back({&step, std::move(*lock), Process(options_.program, arguments, options_.folder, log), log, Clock::now()});
    report(step, true, 0);
  }

  void collect() {
    for (auto running = running_.begin(); running != running_.end();) {
      const std::optional<int> code = running->process.finished();
      if (!code) {
        ++running;
        continue;
      }
      const Step& step = *running->step;
      const bool done = *code == 0 && is_done(step);
      if (!done && !failure_ && !observer_.stop())
        failure_ = str_cat("step ", step.name, ": ", last_line(running->log), "; see ", running->log, ", then run the same command again");
      const double seconds = seconds_since(running->start);
      running = running_.erase(running);
      if (done) report(step, false, seconds);
    }
  }

  void ask_to_stop() {
    if (asked_) return;
    asked_ = true;
    for (const Running& running : running_) running.process.ask_to_stop();
  }

  void report(const Step& step, bool begins, double seconds) const {
    const int all = static_cast<int>(plan_.steps().size());
    observer_.on_step({step.name, begins, all - left(), all, seconds, 60 * minutes_left(plan_, options_.folder) / options_.jobs});
  }

  const Plan& plan_;
  const PlanRunOptions& options_;
  const PlanObserver& observer_;
  std::list<Running> running_;
  std::optional<std::string> failure_;
  bool asked_ = false;
};

}  // namespace

bool is_done(const Plan& plan, const Step& step, const std::string& folder) {
  if (!is_there(step.product, folder)) return false;
  return step.weights.empty() || is_there(step.weights, folder) || std::ranges::none_of(plan.steps(), [&](const Step& reader) {
           return std::ranges::find(reader.needs, step.name) != reader.needs.end() && !is_done(plan, reader, folder);
         });
}

double minutes_left(const Plan& plan, const std::string& folder) {
  double expected = 0, taken = 0, left = 0;
  for (const Step& step : plan.steps()) {
    if (!is_done(plan, step, folder)) left += step.minutes;
    if (const std::optional<double> minutes = minutes_taken(step, folder)) {
      expected += step.minutes;
      taken += *minutes;
    }
  }
  return expected > 0 ? left * taken / expected : left;
}

void check_trainings(const Plan& plan, const PlanRunOptions& options) {
  struct Asked {
    const Step* step;
    std::string answer;  // file
    Process process;
  };
  std::list<Asked> asked;
  const auto take_answer = [&](Asked& one) {
    std::optional<int> code;
    while (!(code = one.process.finished())) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const std::string said = last_line(one.answer);
    fs::remove(one.answer);
    TEMPER_CHECK(*code == 0, (fs::path(options.folder) / one.step->product).string(), ": it is not the run that the plan asks for: ", said,
                 "; remove its folder to have it trained, or give another --out");
  };
  for (const Step& step : plan.steps()) {
    if (step.weights.empty() || !is_there(step.product, options.folder)) continue;
    if (static_cast<int>(asked.size()) >= options.jobs) {
      take_answer(asked.front());
      asked.pop_front();
    }
    std::vector<std::string> arguments = step.command;
    arguments.emplace_back("--show-config");  // with --resume it refuses other settings
    const std::string answer = (fs::temp_directory_path() / str_cat("temper-", getpid(), "-", step.name)).string();
    asked.push_back({&step, answer, Process(options.program, arguments, options.folder, answer)});
  }
  for (Asked& one : asked) take_answer(one);
}

bool run(const Plan& plan, const PlanRunOptions& options, const PlanObserver& observer) {
  return PlanRun(plan, options, observer).to_the_end();
}

}  // namespace temper::reproduce
