// A sweep: the runs of a grid of settings, as one command trains them, in the folders of one folder.
//
//   OUT/sweep.json                     what is varied, and the rest of the command
//   OUT/smoothing0.05-seed2/           a run, as any other
//   OUT/logs/smoothing0.05-seed2.log   what its training printed
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace temper::runs {

struct SweepAxis {
  std::string key;                  // of the setting: "smoothing"
  std::vector<std::string> values;  // "0", "0.05", ...
  bool operator==(const SweepAxis&) const = default;
};

struct Sweep {
  std::string command;                 // "train" or "distill"
  std::vector<std::string> arguments;  // of the command line: what all runs have in common, beside their folder
  std::vector<SweepAxis> axes;         // the seed last
  bool operator==(const Sweep&) const = default;
};

struct SweepPoint {
  std::string name;                                           // "smoothing0.05-seed2": the name of its run
  std::vector<std::pair<std::string, std::string>> settings;  // key and value, one of each axis
};

// All combinations; the last axis varies fastest.
std::vector<SweepPoint> points(const Sweep& sweep);

bool is_sweep(const std::string& folder);
void write_sweep(const std::string& folder, const Sweep& sweep);
// Throws Error naming the file and the key for what is no sweep.
Sweep read_sweep(const std::string& folder);

// The folders as they were given, those of sweeps replaced by their runs, in the order of points(); `missing` gets the names of runs that
// are not finished.
std::vector<std::string> runs_of(const std::vector<std::string>& folders, std::vector<std::string>* missing = nullptr);

}  // namespace temper::runs
