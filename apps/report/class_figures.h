// How runs that classify images do class by class: who is taken for whom, every class's numbers, and the images that are worst.
#pragma once

#include <span>
#include <string>

#include "models/runs/run.h"

namespace temper::report {

// A card a run: the confusion matrix as a heat map up to 100 classes, the most frequent mistakes, precision, recall and F1 of the classes
// (of more than 100 those of the weakest), thumbnails. A run without classes.json is told how to get one. Nothing where all runs translate.
std::string class_figures(std::span<const runs::Run> runs);

}  // namespace temper::report
