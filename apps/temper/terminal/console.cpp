#include "apps/temper/terminal/console.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "apps/temper/terminal/ranks.h"
#include "core/base/check.h"
#include "core/base/number_text.h"
#include "models/runs/sweep.h"

namespace temper::app {

using Clock = std::chrono::steady_clock;

std::string percent(double fraction) { return format_percent(fraction); }
std::string grouped(Index count) { return format_count(count); }

std::string rate(double per_second) {
  return per_second >= 100 ? grouped(std::lround(per_second)) : fmt::format("{:.{}f}", per_second, per_second >= 10 ? 1 : 2);
}

std::string duration(double seconds) {
  const auto total = static_cast<Index>(std::lround(std::clamp(seconds, 0.0, 3.6e8)));
  const Index hours = total / 3600, minutes = total / 60 % 60;
  return hours ? fmt::format("{}:{:02}:{:02}", hours, minutes, total % 60) : fmt::format("{}:{:02}", minutes, total % 60);
}

void warn(const std::string& message) {
  if (is_first_rank()) fmt::print(stderr, "temper: warning: {}\n", message);
}

void check_not_read(const char* option, const std::string& out, const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    std::error_code not_there;  // then they are not the same
    TEMPER_CHECK(!std::filesystem::equivalent(out, input, not_there), option, ": ", out,
                 " is read by this command, and would be lost; give another name");
  }
}

std::vector<std::string> runs_of_sweeps(const std::vector<std::string>& folders) {
  std::vector<std::string> missing, found = runs::runs_of(folders, &missing);
  for (const std::string& run : missing) warn(run + ": it is not finished, and is left out");
  return found;
}

std::string eta(Clock::time_point start, Index done, Index all) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return "ETA " + duration(seconds * static_cast<double>(all - done) / static_cast<double>(done));
}

void show_stage(std::string_view doing) {
  if (!is_first_rank()) return;
  static Clock::time_point last = Clock::now();
  if (::isatty(STDERR_FILENO) == 1) {
    fmt::print(stderr, "  {}\x1b[K\r", doing);  // what comes next, also an error, is written over it
  } else if (Clock::now() - last > std::chrono::seconds(2)) {
    last = Clock::now();
    fmt::print(stderr, "  {}\n", doing);
  }
}

void clear_stage() {
  if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "\x1b[K");
}

tasks::Reporter terminal_reporter() {
  struct Stage {
    std::string name = {};
    std::chrono::steady_clock::time_point start = {};
  };
  const auto current = std::make_shared<Stage>();
  return {.on_progress =
              [current](std::string_view stage, Index done, Index all) {
                if (current->name != stage) *current = {std::string(stage), std::chrono::steady_clock::now()};
                if (done == 0 || all == 0) return show_stage(stage);
                show_stage(fmt::format("{}: {} of {}  {}", stage, grouped(done), grouped(all), eta(current->start, done, all)));
              },
          .on_stage_end =
              [current] {
                *current = {};
                clear_stage();
              },
          .on_warning = warn};
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  for (const auto& cells : rows_) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  std::string text;
  for (const auto& cells : rows_) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      line += i < text_columns_ ? fmt::format("{:<{}}  ", cells[i], widths[i]) : fmt::format("{:>{}}  ", cells[i], widths[i]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

TrainingProgress::TrainingProgress(std::string unit)
    : unit_(std::move(unit)), terminal_(::isatty(STDERR_FILENO) == 1), start_(Clock::now()), drawn_(start_) {}

void TrainingProgress::step(const training::Progress& progress) {
  last_ = progress;
  const auto now = Clock::now();
  if (!terminal_ || now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  constexpr Index kWidth = 24;
  const Index filled = kWidth * progress.step / progress.steps;
  fmt::print(stderr, "\r  epoch {}/{}  [{:#<{}}{:.<{}}]  loss {:.4f}  {} {}/s  ETA {}\x1b[K", progress.epoch, progress.epochs, "", filled,
             "", kWidth - filled, progress.loss, rate(progress.samples_per_second), unit_, duration(progress.seconds_left));
  std::fflush(stderr);
  line_drawn_ = true;
}

void TrainingProgress::epoch(const training::EpochRecord& record) {
  const auto now = Clock::now();
  if (terminal_ || now - start_ < std::chrono::seconds(2)) return;
  const bool last = record.epoch == last_.epochs;
  if (!last && now - drawn_ < std::chrono::seconds(1)) return;  // a log stays readable however short the epochs
  drawn_ = now;
  fmt::print(stderr, "  epoch {}/{}  loss {:.4f}  val accuracy {}  val NLL {:.4f}  {} {}/s  ETA {}\n", record.epoch, last_.epochs,
             record.train_loss, percent(record.val.accuracy), record.val.nll, rate(record.samples_per_second), unit_,
             duration(last_.seconds_left));
}

void TrainingProgress::finish() {
  if (std::exchange(line_drawn_, false)) fmt::print(stderr, "\r\x1b[K");
}

}  // namespace temper::app
