// The label smoothing that is equivalent to a teacher's softened probabilities.
#pragma once

#include "models/calibration/predictions.h"

namespace temper::analysis {

// gamma = 1/N sum_i sum_k (1 - y_ik) p_ik K / (K - 1),   p_i = softmax(z_i / T),   y_i the one-hot label:
//
// the probability beside the label, as the alpha of a smoothed target that leaves as much there (Müller, Kornblith, Hinton: When Does Label
// Smoothing Help?, NeurIPS 2019, section 4; the x axis of Figure 5). It is 0 for a teacher that is sure and right, alpha for one that fits
// targets smoothed by alpha exactly, and 1 for a uniform one; above 1 where it favours other classes.
// Throws Error as calibration::check, unless T is positive and finite, and for fewer than two classes, of which nothing can be spread.
double equivalent_smoothing(const calibration::Predictions& teacher, double temperature);

}  // namespace temper::analysis
