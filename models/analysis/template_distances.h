// How far activations are from the templates of the classes. Smoothing draws an activation to the template of its own class and to the same
// distance from all others (Müller, Kornblith, Hinton: When Does Label Smoothing Help?, NeurIPS 2019, section 2).
#pragma once

#include <vector>

#include "models/analysis/penultimate.h"

namespace temper::analysis {

// Distances in the space of activations with a 1 appended, d_ik = ||x_i - w_k||, y_i the label of sample i.
struct TemplateDistances {
  Index classes = 0;
  std::vector<double> between = {};  // (K,K): ||w_k - w_l||
  double own = 0;                    // 1/N sum_i d_iy
  double others = 0;                 // 1/N sum_i mean_{k != y} d_ik
  // How unequal the distances to the other classes are: 1/N sum_i (standard deviation / mean over k != y of d_ik); 0 is the ideal of
  // smoothed targets, and of two classes.
  double unevenness = 0;
};

// Throws Error for fewer than two classes and without samples.
TemplateDistances template_distances(const Penultimate& penultimate);

}  // namespace temper::analysis
