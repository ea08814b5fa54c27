#include "apps/temper/terminal/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "core/base/check.h"
#include "core/base/number_text.h"
#include "models/runs/sweep.h"

namespace temper::app {

using Clock = std::chrono::steady_clock;

std::string percent(double fraction) { return format_percent(fraction); }
std::string decimal(double value) {
  constexpr double kLong = 1e7;
  return std::isfinite(value) && std::abs(value) >= kLong ? fmt::format("{:.4e}", value) : fmt::format("{:.4f}", value);
}
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
  if (is_first_rank()) note("temper: warning: {}\n", message);
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

bool can_redraw() {
  static const bool can = [] {
    const char* const kind = std::getenv("TERM");
    return ::isatty(STDERR_FILENO) == 1 && kind && *kind && std::string_view(kind) != "dumb";
  }();
  return can;
}

namespace {

// A line that is drawn over the one before. It ends before the last column, after which some terminals begin another line.
void draw(std::string_view line) {
  constexpr std::size_t kUsual = 80;  // of a window that does not tell
  struct winsize window {};
  const bool told = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
  const std::size_t width = told ? window.ws_col : kUsual;
  control_terminal(str_cat("\r", cut_to_columns(printable(line), width - 1), "\x1b[K"));
}

}  // namespace

void show_stage(std::string_view doing) {
  if (!is_first_rank()) return;
  static Clock::time_point last = Clock::now();
  if (can_redraw()) {
    draw("  " + std::string(doing));
    control_terminal("\r");  // what comes next, also an error, is written over it
  } else if (Clock::now() - last > std::chrono::seconds(2)) {
    last = Clock::now();
    note("  {}\n", doing);
  }
}

void clear_stage() {
  if (is_first_rank() && can_redraw()) control_terminal("\x1b[K");
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
  std::vector<std::vector<std::string>> rows = rows_;
  std::vector<std::size_t> widths;
  for (auto& cells : rows) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      cells[i] = printable(cells[i]);
      widths[i] = std::max(widths[i], columns(cells[i]));
    }
  }
  std::string text;
  for (const auto& cells : rows) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string space(widths[i] - columns(cells[i]), ' ');
      line += (i < text_columns_ ? cells[i] + space : space + cells[i]) + "  ";
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

TrainingProgress::TrainingProgress(std::string unit)
    : unit_(std::move(unit)), terminal_(can_redraw()), start_(Clock::now()), drawn_(start_) {}

void TrainingProgress::step(const training::Progress& progress) {
  last_ = progress;
  const auto now = Clock::now();
  if (!terminal_ || now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  constexpr Index kWidth = 24;
  const Index filled = kWidth * progress.step / progress.steps;
  draw(fmt::format("  epoch {}/{}  [{:#<{}}{:.<{}}]  loss {}  {} {}/s  ETA {}", progress.epoch, progress.epochs, "", filled, "",
                   kWidth - filled, decimal(progress.loss), rate(progress.samples_per_second), unit_, duration(progress.seconds_left)));
  line_drawn_ = true;
}

void TrainingProgress::epoch(const training::EpochRecord& record) {
  const auto now = Clock::now();
  if (terminal_ || now - start_ < std::chrono::seconds(2)) return;
  const bool last = record.epoch == last_.epochs;
  if (!last && now - drawn_ < std::chrono::seconds(1)) return;  // a log stays readable however short the epochs
  drawn_ = now;
  note("  epoch {}/{}  loss {}  val accuracy {}  val NLL {}  {} {}/s  ETA {}\n", record.epoch, last_.epochs, decimal(record.train_loss),
       percent(record.val.accuracy), decimal(record.val.nll), rate(record.samples_per_second), unit_, duration(last_.seconds_left));
}

void TrainingProgress::finish() {
  if (std::exchange(line_drawn_, false)) control_terminal("\r\x1b[K");
}

}  // namespace temper::app
