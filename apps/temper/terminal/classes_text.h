// How a classifier does class by class, for a terminal and for scripts.
#pragma once

#include <string>

#include "core/base/json.h"
#include "models/runs/class_record.h"

namespace temper::app {

// A table of the classes, the confusion matrix or its most frequent mistakes, and the images that are worst. The matrix is whole up to 20
// classes; beyond, the weakest classes stand for all.
std::string classes_text(const runs::ClassRecord& record);

// Adds the same to the JSON of `temper eval`: all classes and their means; the matrix up to 100 classes; the most frequent mistakes; the
// images. NaN becomes null.
void add_classes(const runs::ClassRecord& record, Json& json);

// Writes classes.json. Where that fails, as in a folder that cannot be written, it warns: the command's result is worth printing without
// it.
void keep_classes(const std::string& folder, const runs::ClassRecord& record);

}  // namespace temper::app
