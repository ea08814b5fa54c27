// Terminal output: numbers, tables, progress. Progress and warnings go to stderr, results to stdout; only the first rank prints progress
// and warnings.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "models/tasks/task.h"
#include "models/training/trainer.h"

namespace temper::app {

std::string percent(double fraction);   // "97.35 %", "-" for NaN
std::string decimal(double value);      // "0.0413", of numbers of many digits "1.2346e+10"
std::string grouped(Index count);       // "61,706"
std::string rate(double per_second);    // "1,234", "56.7", "0.52"
std::string duration(double seconds);   // "2:05", "1:02:03"
void warn(const std::string& message);  // "temper: warning: ..." on stderr

// Calls `what` on behalf of an option. The message of an Error is prefixed with the option, "--threads: ...", which makes it a usage error.
template <class Do> void with_option_context(const char* option, Do what) {
  try {
    what();
  } catch (const Error& error) {
    throw Error(str_cat(option, ": ", error.what()));
  }
}

// Throws Error when what an option names to be written is one of the files or folders that the command reads, whatever way leads there.
void check_not_read(const char* option, const std::string& out, const std::vector<std::string>& inputs);

// The folders as they were given, those of sweeps replaced by their runs; warns of runs that are not finished.
std::vector<std::string> runs_of_sweeps(const std::vector<std::string>& folders);

// "ETA 2:05" for work begun at `start` of which `done` of `all` equal parts are done. requires: done > 0.
std::string eta(std::chrono::steady_clock::time_point start, Index done, Index all);

// Whether stderr is a terminal on which a line can be drawn over itself.
bool can_redraw();

// The current stage of a command without a progress bar: one line that is overwritten on a terminal, cut to its width; elsewhere a line
// every two seconds.
void show_stage(std::string_view doing);
void clear_stage();

// Shows the stages of a task as above, with the time that is left, and its warnings.
tasks::Reporter terminal_reporter();

// Columns of what may be names from elsewhere, which are made printable: the first `text_columns` flush left, the others, numbers, flush
// right.
class Table {
 public:
  explicit Table(std::vector<std::string> header, std::size_t text_columns = 1) : rows_{std::move(header)}, text_columns_(text_columns) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::size_t text_columns_;
};

// The progress of a training run: on a terminal a bar that is drawn over itself, elsewhere a line an epoch. Quiet for runs that are over in
// two seconds.
class TrainingProgress {
 public:
  explicit TrainingProgress(std::string unit);  // of the samples: "images"
  void step(const training::Progress& progress);
  void epoch(const training::EpochRecord& record);
  void finish();

 private:
  const std::string unit_;
  bool terminal_;
  bool line_drawn_ = false;
  training::Progress last_;
  std::chrono::steady_clock::time_point start_, drawn_;
};

}  // namespace temper::app
