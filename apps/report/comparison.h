// Which runs can be compared, and how large a difference must be to be significant.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/runs/run.h"

namespace temper::report {

// Runs that differ in nothing but the seed (and in what must not matter: threads, folder).
struct Arm {
  std::vector<const runs::Run*> runs;  // at least one

  const runs::Run& first() const { return *runs.front(); }
  bool hard() const { return first().recipe.smoothing == 0 && !first().teacher; }     // plain training on hard labels
  bool smoothed() const { return first().recipe.smoothing > 0 && !first().teacher; }  // label smoothing alone
  calibration::Metrics before() const;                                                // mean over the runs, as trained
  std::optional<calibration::Metrics> after() const;                                  // mean after temperature; only if every run has one
  double temperature() const;                                                         // mean
  double chance_ece(bool calibrated) const;                                           // mean; NaN without reliability bins
};

// The temperature of a run that is calibrated by one; else NaN.
double fitted_temperature(const runs::Run& run);

// The mean over the runs of an arm and their standard deviation; NaN where a run has no value, and the deviation of one run.
struct Spread {
  double mean = 0, deviation = 0;
};
Spread spread(const Arm& arm, const std::function<double(const runs::Run&)>& value);

// 95 % intervals of the difference of two arms, image by image; not measured unless every run of both has its class record, of the same
// images. As trained.
calibration::PairedDifference paired_difference(const Arm& first, const Arm& second);

// The mean of the runs' intervals of what calibration changed; not measured unless all of them are.
calibration::PairedDifference calibration_change(const Arm& arm);

// The mean of the runs' AURC beyond what their mistakes account for; NaN without class records.
double excess_aurc(const Arm& arm);

// Runs measured on the same test images.
struct Comparison {
  std::string data;
  std::int64_t samples = 0;
  std::vector<const runs::Run*> runs{};
  std::vector<Arm> arms{};  // only runs whose test metrics are finite
};

// What sets the arm apart from the others of its comparison: "smoothing 0.1, lr 0.05", or the model where nothing does.
std::string name_of(const Arm& arm, const Comparison& comparison);

// In the order of first appearance. The records must outlive the result.
std::vector<Comparison> comparisons(std::span<const runs::Run> runs);

// "mnist:/home/me/mnist" -> "mnist", "folder:/home/me/cats" -> "cats": a name for headings; the settings show the whole spec.
std::string data_name(std::string_view spec);

// Training settings, beside smoothing, teacher and seed, in which two runs differ: "epochs 30 against 10".
std::vector<std::string> different_settings(const runs::Run& a, const runs::Run& b);

// Standard error of an accuracy measured on `samples` images: sqrt(p (1 - p) / N). p is kept half an image away from 0 and 1, because a
// perfect score on few images is no proof of perfection.
double sampling_error(double accuracy, std::int64_t samples);

// The ECE that a perfectly calibrated model with these confidences shows by chance, about sum_b n_b/N sqrt(2/pi c_b (1 - c_b) / n_b): the
// mean of |accuracy - confidence| of n_b coin throws. NaN when there are no bins.
double chance_ece(std::span<const calibration::Bin> bins);

// Mean confidence over all bins; NaN when they are empty.
double mean_confidence(std::span<const calibration::Bin> bins);

}  // namespace temper::report
