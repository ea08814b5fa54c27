// A run: what a training leaves behind in its folder, and how it is read again.
//
//   model.safetensors   the weights, in PyTorch's names and axis order
//   log.csv             a line an epoch, written as the run goes
//   run.json            settings, seed, machine, final metrics; written last: a folder without it is not a finished run
//   checkpoint/         where the training can go on, see checkpoints.h
//   snapshots/          weights after some of the epochs, where these were asked for, see snapshots.h
//   subwords.model      of a run that translates: models/translation/run.h
//   calibrator.json     written by save_calibration; whoever loads the run gets it with the model
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/file.h"
#include "models/calibration/metrics/reliability.h"
#include "models/model.h"
#include "models/training/calibration_record.h"
#include "models/training/checkpoints.h"
#include "models/training/distillation.h"
#include "models/training/recipe.h"
#include "models/training/trainer.h"

namespace temper::training {

inline constexpr const char* kSubwordsFile = "subwords.model";
std::vector<std::string> run_files(const std::string& folder);  // paths of those above that are no folders, whether they exist or not

// Of an ensemble `run` and `model` name all, joined by " + "; of a file of logits `run` is its path and `model` is empty.
struct TeacherRecord {
  std::string run = "";  // the folder, as it was given
  std::string model = "";
  float smoothing = 0;  // the largest
  Distillation distillation = {};
  double equivalent_smoothing = 0;     // gamma at its temperature, see models/analysis/equivalent_smoothing.h
  bool by_sample = false;              // its logits were computed once
  std::vector<std::string> runs = {};  // each of them
  bool probabilities = false;          // a file holds these instead of logits
  std::string fingerprint = {};        // of the weights, or of the file
};

struct RunRecord {
  std::string command;  // "train", "distill" or "convert"
  std::string data;     // the spec: "mnist:DIR"
  std::string model;
  Recipe recipe;
  int threads = 0;
  std::optional<TeacherRecord> teacher = {};
  std::string weights = {};  // of "convert": the file; of its training no more is known than Setting::for_any_weights
  Index kept_epoch = 0;      // whose weights they are, from 1
  double seconds = 0;        // of training and evaluation
  calibration::Metrics val = {}, test = {};
  std::vector<calibration::Bin> test_reliability = {};
};

// Throws Error when the folder cannot be one of a new run: it is a file, or holds a finished run or one that can be resumed, unless
// `overwrite`. Changes nothing: for before the work that comes before the training.
void check_can_begin(const std::string& folder, bool overwrite);
// The same, makes the folder where it does not exist and makes sure that it can be written, so that this does not fail after hours. What it
// held of a run is removed. No other process can train there while the lock lives.
[[nodiscard]] FolderLock begin_run(const std::string& folder, bool overwrite);
// The same for a run that goes on: nothing of it is lost.
[[nodiscard]] FolderLock continue_run(const std::string& folder);
// unit: of the samples, which names the last column: images_per_second.
void write_log(const std::string& folder, const std::vector<EpochRecord>& epochs, const std::string& unit = "images");
void save_run(const std::string& folder, const models::Model& model, const RunRecord& record);

// A run as it is read back. Everything is checked; throws Error naming the file and what is wrong.
struct LoadedRun {
  models::Model model;
  std::string data;
  Index val_size = Recipe::kOwnSplit;  // of the data, as data::load takes it
  bool skip_damaged = false;           // the same
  float smoothing = 0;
  Recipe recipe = {};                          // its other settings, without the distillation
  std::optional<StoredCalibrator> calibrator;  // of calibrator.json, where there is one
};
LoadedRun load_run(const std::string& folder);
// Throws Error when the folder does not exist, or holds no finished run.
void check_finished(const std::string& folder);

}  // namespace temper::training
