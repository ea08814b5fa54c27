// The checkpoints of a run: RUN/checkpoint/step-000000001200.safetensors, and the one before it in case that one is damaged.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "models/training/recipe.h"
#include "models/training/run_state.h"
#include "models/training/teacher.h"
#include "optim/checkpoint.h"

namespace temper::training {

// The settings that a run was started with. It can only be resumed with the same ones, or the result would belong to neither; but see
// check_same_settings.
struct RunPlan {
  std::string command;                     // "train" or "distill"
  std::string data;                        // the spec
  std::string training_data = {};          // its fingerprint
  std::vector<std::string> teachers = {};  // folders of runs
  TeacherFile teacher_file = {};           // or this
  std::string teachers_fingerprint = {};   // of their weights, or of the file
  Recipe recipe = {};
};

// Throws Error "--resume: ..." naming the first setting in which they differ, as it was and as it is. But a run, finished or not, may
// become longer where no step depends on its length: then it goes on to the bits of one that was begun so. That is, `epochs` or `steps` may
// grow with the schedules constant, step and inverse-sqrt, and without lookahead. What is logged may change as well. steps_an_epoch: 0
// where that is not known yet; then `steps` and `epochs` are not compared with each other.
void check_same_settings(const Recipe& begun, const Recipe& now, Index steps_an_epoch = 0);
bool same_length(const Recipe& begun, const Recipe& now);  // epochs and steps

// The same of everything.
void check_same(const RunPlan& begun, const RunPlan& now, Index steps_an_epoch);

struct Checkpoint {
  std::string path;
  RunPlan plan;
  RunState state;
  TensorFile tensors;
};

class Checkpoints {
 public:
  // folder: of the run. Nothing is made or read yet.
  explicit Checkpoints(const std::string& run_folder);

  // Atomic. Keeps this one and the last before it. Throws Error, leaving those that there are, when it cannot be written.
  void save(const RunPlan& plan, const RunState& state, const ParameterStore& store, std::span<const optim::StateArena> arenas) const;

  // The newest that is whole; on_warning hears of one that is not. Null when there is none; throws Error when none is whole. Every byte is
  // checked.
  std::optional<Checkpoint> newest(const std::function<void(const std::string&)>& on_warning) const;

  // The steps of the newest file, without reading it; 0 when there is none.
  Index newest_step() const;
  // Removes all.
  void clear() const;

 private:
  std::vector<std::string> paths() const;  // the newest first

  std::string folder_;
};

}  // namespace temper::training
