#include "models/tasks/class_record.h"

#include <algorithm>
#include <numeric>

#include "core/base/check.h"

namespace temper::tasks {
namespace {

using calibration::SampleResults;
using runs::ClassRecord;

runs::ImageRecord describe(const data::Dataset& set, const SampleResults& results, Index sample) {
  const auto at = static_cast<std::size_t>(sample);
  runs::ImageRecord image{.index = sample,
                          .label = results.labels[at],
                          .predicted = results.predicted[at],
                          .confidence = std::min(1.0, results.confidences.confidence[at]),
                          .loss = results.losses[at]};
  if (set.photos) image.file = set.photos->path(set.photo_numbers[at]);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(set.image.size()));
  try {
    set.copy_image(sample, pixels);
    image.picture = make_thumbnail(pixels, set.image);
  } catch (const Error&) {
    image.picture = {};  // the numbers are worth keeping without it
  }
  return image;
}

// The most frequent cells stay.
void shorten(calibration::Confusion& confusion) {
  while (confusion.mistakes.size() > ClassRecord::kMostCells) {
    confusion.left_out += confusion.mistakes.back().count;
    confusion.mistakes.pop_back();
  }
}

}  // namespace

ClassRecord make_class_record(const data::Dataset& set, const calibration::Predictions& predictions,
                              const calibration::Calibrator& calibrator) {
  const SampleResults as_trained = calibration::sample_results(predictions, *calibration::identity_calibrator());
  const SampleResults calibrated = calibration::sample_results(predictions, calibrator);
  TEMPER_CHECK(calibrated.size() == set.size() && calibrated.classes == set.classes(), set.name, ": ", calibrated.size(),
               " predictions of ", calibrated.classes, " classes for ", set.size(), " images of ", set.classes());
  const auto samples = static_cast<double>(set.size());
  ClassRecord record{.data_hash = set.fingerprint(),
                     .accuracy = calibration::accuracy(predictions),
                     .nll = std::accumulate(as_trained.losses.begin(), as_trained.losses.end(), 0.0) / samples,
                     .names = set.class_names,
                     .confusion = calibration::confusion(calibrated)};
  shorten(record.confusion);
  for (const Index sample : calibration::highest_losses(calibrated, ClassRecord::kMostImages))
    record.worst.push_back(describe(set, calibrated, sample));
  for (const Index sample : calibration::surest_mistakes(calibrated, ClassRecord::kMostImages))
    record.surest_mistakes.push_back(describe(set, calibrated, sample));
  if (set.size() > ClassRecord::kMostOutcomes) return record;
  record.as_trained = as_trained.confidences;
  record.calibrated = calibrated.confidences;
  return record;
}

runs::Thumbnail make_thumbnail(std::span<const std::uint8_t> pixels, const Shape& image, Index most_side) {
  const Index height = image[0], width = image[1], channels = image[2];
  const Index factor = std::max<Index>(1, (std::max(height, width) + most_side - 1) / most_side);
  runs::Thumbnail small{
      .height = (height + factor - 1) / factor, .width = (width + factor - 1) / factor, .channels = channels == 3 ? 3 : 1};
  for (Index y = 0; y < small.height; ++y) {
    for (Index x = 0; x < small.width; ++x) {
      const Index bottom = std::min(height, (y + 1) * factor), right = std::min(width, (x + 1) * factor);
      for (Index c = 0; c < small.channels; ++c) {
        Index sum = 0, count = 0;
        for (Index i = y * factor; i < bottom; ++i) {
          for (Index j = x * factor; j < right; ++j, ++count) sum += pixels[static_cast<std::size_t>((i * width + j) * channels + c)];
        }
        small.pixels.push_back(static_cast<std::uint8_t>((sum + count / 2) / count));
      }
    }
  }
  return small;
}

}  // namespace temper::tasks
