#include "models/runs/step_log.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/number_text.h"

namespace temper::runs {
namespace {

// The lines up to the step, which a line begins with. One that a killed process left unfinished is among those that go.
std::string cut(std::string_view text, const std::string& header, Index done) {
  std::string kept = header;
  std::size_t begin = text.find('\n');
  while (begin != std::string_view::npos && ++begin < text.size()) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    Index step = 0;
    const auto read = std::from_chars(text.data() + begin, text.data() + end, step);
    if (read.ec != std::errc{} || step > done) break;
    kept += text.substr(begin, end + 1 - begin);
    begin = end;
  }
  return kept;
}

}  // namespace

StepLog::StepLog(const std::string& folder, Index every, const std::string& unit, Index done)
    : path_((std::filesystem::path(folder) / kStepLog).string()), every_(every) {
  const std::string header = "step,epoch,loss,lr,gradient_norm," + unit + "_per_second\n";
  const bool resumed = done > 0 && std::filesystem::exists(path_);
  write_file(path_, resumed ? cut(read_file(path_), header, done) : header);
  file_.reset(std::fopen(path_.c_str(), "ab"));
  TEMPER_CHECK(file_, path_, ": it cannot be written: ", std::strerror(errno), "; check the folder");
}

void StepLog::step(const training::Progress& progress) {
  if (progress.step % every_ != 0) return;
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - since_).count();
  const double rate = static_cast<double>(progress.samples - samples_) / seconds;
  since_ = now;
  samples_ = progress.samples;
  std::string line = str_cat(progress.step, ",", progress.epoch);
  for (const double value : {progress.loss, progress.learning_rate, progress.gradient_norm, rate})
    line += "," + (std::isnan(value) ? "" : format_general(value));
  line += '\n';
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() && std::fflush(file_.get()) == 0;
  TEMPER_CHECK(written, path_, ": writing failed: ", std::strerror(errno), "; free some space and run again");
}

}  // namespace temper::runs
