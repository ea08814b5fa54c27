// The activations of a network's penultimate layer, and the class templates that the last layer compares them with.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "models/networks/model.h"

namespace temper::analysis {

// The last layer of a classifier is logit_k = x . w_k, where x is the activation of the penultimate layer with a 1 appended, so that w_k,
// the template of class k, has the bias as its last entry (Müller, Kornblith, Hinton: When Does Label Smoothing Help?, NeurIPS 2019,
// section 2): the logit is -1/2 ||x - w_k||^2 up to the length of x, common to all classes, and that of w_k.
struct Penultimate {
  Index features = 0;                         // D
  Index classes = 0;                          // K
  std::vector<float> activations = {};        // (N,D): x without its 1
  std::vector<std::int32_t> labels = {};      // (N)
  std::vector<double> templates = {};         // (K,D+1)
  std::vector<std::string> class_names = {};  // (K)

  Index size() const { return static_cast<Index>(labels.size()); }
  double activation(Index sample, Index d) const {
    return d == features ? 1 : double{activations[static_cast<std::size_t>(sample * features + d)]};
  }
  double weight(Index k, Index d) const { return templates[static_cast<std::size_t>(k * (features + 1) + d)]; }
};

// Of every sample of the set, in evaluation, in the middle of each image where the network sees a crop. The layer is found by watching the
// network: its last dense layer with an output for each class. Where the network multiplies what comes out of it by a constant, as airbench
// does, the templates are multiplied by it, too. Throws Error for a network whose logits are not those of such a layer, and as
// models::predict.
Penultimate penultimate(const models::Model& model, const data::Dataset& set);

// The first `count` samples of each of these classes, class after class; fewer where there are fewer. Throws Error for a class that is
// none, one that is named twice, one without samples.
std::vector<Index> first_of_each(const data::Dataset& set, std::span<const Index> classes, Index count);

}  // namespace temper::analysis
