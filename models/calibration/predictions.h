// The logits of a data set and its labels: the input of every metric and every calibrator.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/shape.h"

namespace temper::calibration {

constexpr double kExcess = 1e-6;  // how far above 1 a probability may be rounded

struct Predictions {
  Index classes = 0;                      // K
  std::vector<float> logits = {};         // (N,K), unnormalised log-probabilities; -inf is a class of probability 0
  std::vector<std::int32_t> labels = {};  // (N), each in 0..K-1

  Index size() const { return static_cast<Index>(labels.size()); }
  std::span<const float> row(Index sample) const { return {logits.data() + sample * classes, static_cast<std::size_t>(classes)}; }
  std::size_t label(Index sample) const { return static_cast<std::size_t>(labels[static_cast<std::size_t>(sample)]); }
};

// Throws Error, naming the sample, when the sizes do not fit together, a label is out of range, a logit is NaN or +inf, a row is all -inf,
// or N = 0. Every function of this room that takes Predictions calls it first.
void check(const Predictions& predictions);

// True when K >= 2 and every row lies in [0,1] and sums to 1 within 1e-3: these are probably probabilities, and a softmax of them is a
// second softmax (at K=10 the NLL could not fall below 1.46). Their logarithms are the logits that were meant. For a warning, not for a
// refusal: a single row of logits may look so by chance.
bool looks_like_probabilities(const Predictions& predictions);

}  // namespace temper::calibration
