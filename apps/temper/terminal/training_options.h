// The options that `train` and `distill` share.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/runs/sweep.h"
#include "models/tasks/task.h"
#include "models/training/checkpoints.h"
#include "models/training/recipe.h"
#include "models/training/settings.h"

namespace temper::app {

enum class Teacher { none, wanted };  // train, distill

// What the command line said. Settings come from, each over the one before: the recipe of the data or of --recipe, --config, options.
struct TrainingOptions {
  std::string data, out, recipe, config;
  bool overwrite = false, json = false, show_config = false, resume = false;
  Index checkpoint_every = 0;
  double checkpoint_minutes = 10;
  Index snapshot_every = 0;   // epochs
  double rank_timeout = 300;  // seconds
  int threads = 0;            // 0: all cores
  double memory_budget = 2;   // GiB
  std::string seeds;          // of a sweep: "1..3" or "1,2,3"
  int jobs = 0;               // runs of a sweep at a time; 0: one a core

  // With --resume: the state of the run; the settings are then those that it was started with.
  std::optional<training::Checkpoint> checkpoint = {};

  void add_to(CLI::App& command, Teacher teacher);
  // With --resume: reads what there is of the run. Without that the command line must be able to begin it.
  void find_run(const char* command, bool can_begin);
  // With --resume, of a run that was begun: throws Error "--resume: ..." for settings that it was not begun with. Prints the results of a
  // run that is finished, and returns true, when these settings ask for no more.
  bool is_finished(const training::Recipe& asked) const;
  // Checked. point: of a sweep, see below; its settings are over all others.
  training::Recipe settings(const runs::SweepPoint* point = nullptr) const;
  // The sweep that the options, the file or, with --resume, the folder ask for: nothing when every setting has one value. Every of its runs
  // has valid settings.
  std::optional<runs::Sweep> find_sweep(const char* command);
  void use_threads() const;
  tasks::DataOptions data_options() const;
  // Prints the settings instead of training. Returns whether that was asked for; if not, makes sure that --data, --model and --out are
  // given, and that the run can begin there.
  bool show_settings(const training::Recipe& recipe) const;

 private:
  std::vector<std::string> read_config(training::Recipe& result) const;  // returns the keys of the file
  std::vector<runs::SweepAxis> axes() const;
  std::vector<std::string> common_arguments(const std::vector<runs::SweepAxis>& varied) const;
  void check_complete(const training::Recipe& settings) const;  // data, model and folder are given, and go together
  void refuse_useless(const training::Recipe& result) const;
  void warn_of_useless(const training::Recipe& result, const std::vector<std::string>& in_file) const;
  // An error about a setting of the file names it.
  void check(const training::Recipe& result, const std::vector<std::string>& in_file) const;

  Teacher teacher_ = Teacher::none;
  std::optional<runs::Run> finished_ = {};  // with --resume, of a run that is; it has a checkpoint as well, unless that was removed
  std::vector<std::pair<const training::Setting*, CLI::Option*>> options_ = {};
  const CLI::App* command_ = nullptr;
};

// The results of a run that is finished, as text or, with --json, as an object.
void print_run(const TrainingOptions& options, const runs::Run& run);

}  // namespace temper::app
