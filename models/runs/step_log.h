// log_steps.csv: a line every few steps of a training. Columns: step, epoch, loss (of that step's batch, as it is minimised), lr,
// gradient_norm (of all parameters together, before clipping) and samples a second since the line before.
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "models/training/trainer.h"

namespace temper::runs {

inline constexpr const char* kStepLog = "log_steps.csv";

class StepLog {
 public:
  // In the folder of a run, from step 0 on; or of a run that is resumed: what lies behind `done` steps is cut off. unit: of the samples.
  // Throws Error naming the file when it cannot be written.
  StepLog(const std::string& folder, Index every, const std::string& unit, Index done);

  // Writes a line where the step is one of those to log. Throws Error likewise.
  void step(const training::Progress& progress);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::string path_;
  const Index every_;
  std::unique_ptr<std::FILE, Close> file_;
  Index samples_ = 0;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace temper::runs
