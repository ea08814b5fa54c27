#include "models/runs/run_folder.h"

#include <filesystem>

#include "core/base/check.h"
#include "models/runs/log_file.h"
#include "models/runs/step_log.h"
#include "models/training/checkpoints.h"
#include "models/training/snapshots.h"

namespace temper::runs {
namespace {

namespace fs = std::filesystem;

// What processes that were killed left half-written.
void remove_litter(const fs::path& folder) {
  remove_half_written(folder.string());
  remove_half_written((folder / "checkpoint").string());
}

}  // namespace

std::vector<std::string> run_files(const std::string& folder) {
  std::vector<std::string> files;
  // run.json first: where it is gone there is no finished run.
  for (const char* name : {"run.json", "calibrator.json", "classes.json", "model.safetensors", "log.csv", kStepLog, kSubwordsFile})
    files.push_back((fs::path(folder) / name).string());
  return files;
}

void check_can_begin(const std::string& folder, bool overwrite) {
  const fs::path path(folder);
  TEMPER_CHECK(!folder.empty(), "--out: the folder has no name; give one");
  TEMPER_CHECK(!fs::exists(path) || fs::is_directory(path), folder, ": it is a file; give another --out");
  TEMPER_CHECK(overwrite || !fs::exists(path / "run.json"), folder,
               ": it holds a finished run; give another --out, or --overwrite to replace it");
  const Index step = training::Checkpoints(folder).newest_step();
  TEMPER_CHECK(overwrite || step == 0, folder, ": it holds a run that was stopped after step ", step,
               "; continue it with --resume, or give another --out, or --overwrite to replace it");
}

FolderLock begin_run(const std::string& folder, bool overwrite) {
  check_can_begin(folder, overwrite);
  make_folder(folder);
  FolderLock lock(folder);
  check_can_begin(folder, overwrite);  // the former owner of the lock may have written a run
  for (const std::string& old : run_files(folder)) fs::remove(old);
  training::Checkpoints(folder).clear();
  training::remove_snapshots(folder);
  remove_litter(folder);
  write_log(folder, {});
  return lock;
}

FolderLock continue_run(const std::string& folder) {
  FolderLock lock(folder);
  remove_litter(folder);
  return lock;
}

void remove_results(const std::string& folder) {
  for (const char* name : {"run.json", "calibrator.json", "classes.json"}) fs::remove(fs::path(folder) / name);
}

void check_finished(const std::string& folder) {
  TEMPER_CHECK(fs::is_directory(folder), folder,
               ": there is no such folder; give the folder of a run, as written by `temper train --out RUN`");
  TEMPER_CHECK(fs::exists(fs::path(folder) / "run.json"), folder,
               ": it holds no run.json, so no finished run; train it to its end with --resume, or give another folder");
}

}  // namespace temper::runs
