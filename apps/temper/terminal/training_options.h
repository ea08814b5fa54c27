// The options that `train` and `distill` share.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

  // With --resume: the state of the run; the settings are then those that it was started with.
  std::optional<training::Checkpoint> checkpoint = {};

  void add_to(CLI::App& command, Teacher teacher);
  // With --resume: reads the checkpoint. Returns false, after printing its results, when the run is finished. Without a checkpoint the
  // command line must be able to begin the run.
  bool find_checkpoint(const char* command, bool can_begin);
  training::Recipe settings() const;  // checked
  void use_threads() const;
  tasks::DataOptions data_options() const;
  // Prints the settings instead of training. Returns whether that was asked for; if not, makes sure that --data, --model and --out are
  // given, and that the run can begin there.
  bool show_settings(const training::Recipe& recipe) const;

 private:
  std::vector<std::string> read_config(training::Recipe& result) const;  // returns the keys of the file
  void refuse_useless(const training::Recipe& result) const;
  // An error about a setting of the file names it.
  void check(const training::Recipe& result, const std::vector<std::string>& in_file) const;

  Teacher teacher_ = Teacher::none;
  std::vector<std::pair<const training::Setting*, CLI::Option*>> options_ = {};
};

// The results of a run that is finished, as text or, with --json, as an object.
void print_run(const TrainingOptions& options, const runs::Run& run);

}  // namespace temper::app
