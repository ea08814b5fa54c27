#include "apps/reproduce/results.h"

#include "core/base/check.h"
#include "core/base/file.h"
#include "models/runs/run_file.h"

namespace temper::reproduce {

namespace fs = std::filesystem;

const runs::Run* Results::run(const std::string& name) const {
  if (const auto known = runs_.find(name); known != runs_.end()) return &known->second;
  const fs::path folder = folder_ / run_folder(name);
  if (!fs::exists(folder / kRun) || !fs::exists(folder / kCalibrator)) return nullptr;
  return &runs_.emplace(name, runs::read_run(folder.string())).first->second;
}

std::optional<std::string> Results::analysis_text(const std::string& run, const std::string& figure, const std::string& file) const {
  const fs::path path = folder_ / analysis_file(run, figure, file);
  if (!fs::exists(path)) return std::nullopt;
  return read_file(path.string());
}

void Results::read_analysis(const std::string& run, const std::string& figure, const std::function<void(const Json&)>& read) const {
  const std::optional<std::string> text = analysis_text(run, figure, kAnalysis);
  if (!text) return;
  try {
    read(parse_json(*text));
  } catch (const std::exception& error) {
    throw Error(str_cat((folder_ / analysis_file(run, figure)).string(), ": ", error_text(error),
                        "; it is damaged: remove it, and run the same command again"));
  }
}

}  // namespace temper::reproduce
