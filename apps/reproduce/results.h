// The results of a plan so far.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "apps/reproduce/plan.h"
#include "core/base/json.h"
#include "models/runs/run.h"

namespace temper::reproduce {

class Results {
 public:
  explicit Results(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // A finished, calibrated run; nothing while it is not. Throws Error when its files are damaged.
  const runs::Run* run(const std::string& name) const;
  // Calls `read` with analysis.json of a figure; not while it is not there. Throws Error naming the file when it lacks what is read of it.
  void read_analysis(const std::string& run, const std::string& figure, const std::function<void(const Json&)>& read) const;
  // A file beside it, as text.
  std::optional<std::string> analysis_text(const std::string& run, const std::string& figure, const std::string& file) const;

 private:
  std::filesystem::path folder_;
  mutable std::map<std::string, runs::Run> runs_;
};

// The values of some runs that are there, in their order.
struct Sample {
  std::vector<double> values = {};
  std::vector<std::string> runs = {};  // which gave them
  double images = 0;                   // test images of each

  bool empty() const { return values.empty(); }
};

template <class Quantity> Sample sample(const Results& results, const std::vector<std::string>& runs, Quantity quantity) {
  Sample sample;
  for (const std::string& name : runs) {
    const runs::Run* run = results.run(name);
    if (!run) continue;
    sample.values.push_back(quantity(*run));
    sample.runs.push_back(name);
    sample.images = static_cast<double>(run->test.samples);
  }
  return sample;
}

// The quantity that most of them ask for.
inline double accuracy(const runs::Run& run) { return run.test.accuracy; }

}  // namespace temper::reproduce
