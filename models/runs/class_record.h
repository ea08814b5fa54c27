// How a run that classifies images does class by class on its test split, with the images that it does worst on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/calibration/metrics/confusion.h"
#include "models/calibration/metrics/metrics.h"

namespace temper::runs {

// A small copy of an image.
struct Thumbnail {
  static constexpr Index kMostSide = 48;

  Index height = 0, width = 0, channels = 0;  // channels: 1 gray, 3 red, green, blue; 0: there is no picture
  std::vector<std::uint8_t> pixels = {};      // (H,W,C)
};

struct ImageRecord {
  Index index = 0;  // in the split, from 0
  Index label = 0, predicted = 0;
  double confidence = 0;  // in the prediction
  double loss = 0;        // -log of the label's probability, in nats; +inf for a probability of 0
  std::string file = "";  // of a set of files, else empty
  Thumbnail picture = {};
};

struct ClassRecord {
  static constexpr std::size_t kMostImages = 12;     // of each of the two lists below
  static constexpr std::size_t kMostCells = 10'000;  // off the diagonal: all of them up to 100 classes
  static constexpr Index kMostOutcomes = 100'000;    // of samples

  std::string split = "test";
  std::string data_hash = {};                                                    // of the split's images and labels
  double accuracy = calibration::kNotMeasured, nll = calibration::kNotMeasured;  // as trained, as run.json has them
  std::string calibrator = {};                                                   // whose predictions these are; empty: as trained
  double temperature = calibration::kNotMeasured;                                // of a calibrator that is one
  std::vector<std::string> names = {};                                           // (K), of the classes
  calibration::Confusion confusion = {};
  std::vector<ImageRecord> worst = {};            // the highest losses
  std::vector<ImageRecord> surest_mistakes = {};  // the most confident of those that are wrong
  // Of every sample in the order of the split, to compare runs image by image: as trained, and by the calibrator. Empty where there are too
  // many samples, or there is no calibrator.
  calibration::Confidences as_trained = {}, calibrated = {};
};

// Whether a record was measured on the images that `test`, the test metrics of a run as trained, is of: its samples, accuracy and NLL are
// the same, up to what another processor may change. Images of another set that happen to have the same number are told apart so.
bool agrees(const ClassRecord& record, const calibration::Metrics& test);

}  // namespace temper::runs
