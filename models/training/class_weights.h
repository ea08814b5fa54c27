// Weights of classes in the loss, for data in which some classes have many more samples than others.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace temper::training {

// By the setting class_weight: "" gives none; "balanced" gives class k the weight N / (K N_k), which makes all classes count alike (as
// scikit-learn's class_weight="balanced"; a class without a sample has 1); else it is a file with a line "NAME,WEIGHT" for each class, in
// any order, or with a WEIGHT a line in the order of the classes. Throws Error naming the file, the line, and what is wrong.
std::vector<float> class_weights(const std::string& setting, const data::Dataset& train_set);

// The file alone. For classes of these names; bytes are the whole file, `file` its name for errors.
std::vector<float> parse_class_weights(const std::string& bytes, const std::string& file, const std::vector<std::string>& class_names);

}  // namespace temper::training
