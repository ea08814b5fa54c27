// The class record of a classifier on a set of images.
#pragma once

#include "data/dataset.h"
#include "models/runs/class_record.h"

namespace temper::tasks {

// What `calibrator` makes of the predictions of `set`, in its order. The caller adds the name of the calibrator. A photo that can no longer
// be decoded has no picture. Throws as calibration::check(Predictions).
runs::ClassRecord make_class_record(const data::Dataset& set, const calibration::Predictions& predictions,
                                    const calibration::Calibrator& calibrator);

// An image of (H,W,C) bytes, averaged over squares of pixels so that no side has more than `most_side`. Of 3 channels in colour, of any
// other number the first one in gray.
runs::Thumbnail make_thumbnail(std::span<const std::uint8_t> pixels, const Shape& image, Index most_side = runs::Thumbnail::kMostSide);

}  // namespace temper::tasks
