// The folder of a run: created, locked while it is written, replaced.
#pragma once

#include <string>
#include <vector>

#include "core/base/file.h"

namespace temper::runs {

inline constexpr const char* kSubwordsFile = "subwords.model";

// Paths of the files of a run, whether they exist or not.
std::vector<std::string> run_files(const std::string& folder);

// Throws Error when the folder cannot be one of a new run: it is a file, or holds a finished run or one that can be resumed, unless
// `overwrite`. Changes nothing: for before the work that comes before the training.
void check_can_begin(const std::string& folder, bool overwrite);

// The same, makes the folder where it does not exist and makes sure that it can be written, so that this does not fail after hours. What it
// held of a run is removed. No other process can train there while the lock lives.
[[nodiscard]] FolderLock begin_run(const std::string& folder, bool overwrite);

// The same for a run that is resumed: keeps all its files.
[[nodiscard]] FolderLock continue_run(const std::string& folder);

// Removes what says that the run is finished, and what was measured of its weights, before others take their place.
void remove_results(const std::string& folder);

// Throws Error when the folder does not exist, or holds no finished run.
void check_finished(const std::string& folder);

}  // namespace temper::runs
