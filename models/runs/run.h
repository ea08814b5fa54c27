// A run: what a training, a distillation or a conversion leaves behind in its folder.
//
//   run.json            settings, seed, machine, final metrics; written last: a folder without it is not a finished run
//   log.csv             a line an epoch, written as the run goes
//   log_steps.csv       a line every --log-steps steps, where these were asked for, see models/runs/step_log.h
//   classes.json        of a run that classifies: how it does class by class, see models/runs/classes_file.h; may be absent
//   calibrator.json     written by `temper calibrate`; loaded together with the model
//   model.safetensors   the weights, in PyTorch's names and axis order
//   subwords.model      of a run that translates: the model of SentencePiece that the network reads and writes
//   checkpoint/         where the training can be resumed, see models/training/checkpoints.h
//   snapshots/          weights after some of the epochs, where these were asked for, see models/training/snapshots.h
//
// Run is what the first four say. What a version that wrote them did not measure is NaN, or empty.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/machine.h"
#include "models/calibration/metrics/metrics.h"
#include "models/calibration/study/calibration_record.h"
#include "models/runs/class_record.h"
#include "models/training/recipe.h"
#include "models/training/run_state.h"
#include "models/translation/bleu.h"

namespace temper::runs {

// Of an ensemble `run` and `model` name all, joined by " + "; of a file of logits `run` is its path and `model` is empty. How the student
// learned from it is Recipe::distillation.
struct TeacherRecord {
  std::string run = "";  // the folder, as it was given
  std::string model = "";
  float smoothing = 0;                                      // the largest
  double equivalent_smoothing = calibration::kNotMeasured;  // gamma at its temperature, see models/analysis/equivalent_smoothing.h
  bool by_sample = false;                                   // its logits were computed once
  std::string fingerprint = {};                             // of the weights, or of the file
  std::vector<std::string> runs = {};                       // each of them; not in run.json
  bool probabilities = false;                               // a file holds these instead of logits; not in run.json
};

struct Run {
  std::string name = {};           // the last component of its folder; not in run.json
  std::string version = kVersion;  // of temper, that wrote it
  std::string command = {};        // "train", "distill" or "convert"
  std::string created = {};        // UTC, "2026-11-25T02:00:00Z"
  std::string data = {};           // the spec: "mnist:DIR"
  training::Recipe recipe = {};    // the model among it
  std::vector<std::string> unknown_settings =
      {};  // keys of those that the version that wrote it did not have: the recipe has today's usual
  int threads = 0;
  std::optional<TeacherRecord> teacher = {};
  std::string weights = {};                    // of "convert": the file; of its training no more is known than Setting::for_any_weights
  Index parameters = 0;                        // that are learned
  std::string weights_fingerprint = {};        // of model.safetensors, where that was loaded; not in run.json
  Index kept_epoch = 0;                        // whose weights they are, from 1
  double seconds = calibration::kNotMeasured;  // of training and evaluation
  calibration::Metrics val = {}, test = {};    // as trained; of a run that translates those of next words
  std::vector<calibration::Bin> test_reliability = {};
  std::optional<translation::Score> score = {};  // of a run that translates
  Machine machine = {};
  std::vector<training::EpochRecord> epochs = {};                  // log.csv, of the metrics those that it has
  std::optional<calibration::CalibrationRecord> calibration = {};  // calibrator.json
  std::optional<ClassRecord> classes = {};                         // classes.json, where it is of the images that `test` is of

  const char* unit() const { return score ? "words" : "images"; }  // of the samples
  // Its calibrator; without one that leaves the logits as they are.
  std::shared_ptr<const calibration::Calibrator> calibrator() const;
  // The temperature by which its calibrator divides the logits: 1 without a calibrator, nothing for one of another kind.
  std::optional<double> temperature() const;
};

// Whether the class record has every sample as the run's calibrator makes it: that of an earlier calibration is not its.
bool has_current_calibrator(const Run& run);

// The settings as run.json has them, in its order: data, those of the recipe that apply to the run, threads. Without those that are empty.
std::vector<std::pair<std::string, std::string>> list_settings(const Run& run);

// The first epoch whose training loss or validation NLL is not a finite number.
std::optional<Index> diverged_at(const Run& run);

}  // namespace temper::runs
