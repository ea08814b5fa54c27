// classes.json: the class record of a run. At most 24 thumbnails of 48 x 48 pixels, 10,000 cells of the confusion matrix, and four bytes a
// sample for up to 100,000 samples: a few hundred kilobytes, whatever the data.
#pragma once

#include <string>

#include "models/runs/class_record.h"

namespace temper::runs {

void save_classes(const std::string& folder, const ClassRecord& record);

// Everything is checked; throws Error naming the file, the key and what is wrong.
ClassRecord load_classes(const std::string& path);

}  // namespace temper::runs
