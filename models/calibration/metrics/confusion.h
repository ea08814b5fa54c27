// Which classes are taken for which, and how well each one is recognised.
#pragma once

#include <compare>
#include <vector>

#include "models/calibration/metrics/sample_results.h"

namespace temper::calibration {

struct ClassCounts {
  Index right = 0, support = 0, predicted = 0;  // samples that have the label and are given it; that have it; that are given it

  // NaN where a quotient is not defined: no sample was given the class, or none has it.
  double precision() const;  // right / predicted
  double recall() const;     // right / support: the accuracy among the samples of the class
  double f1() const;         // their harmonic mean, 2 right / (support + predicted)
  bool operator==(const ClassCounts&) const = default;
};

// A cell of the matrix off its diagonal.
struct Mistakes {
  Index label = 0, predicted = 0, count = 0;
  bool operator==(const Mistakes&) const = default;
};

struct Confusion {
  std::vector<ClassCounts> classes = {};  // (K)
  std::vector<Mistakes> mistakes = {};    // the most frequent first, then by label and prediction; no count is 0
  Index left_out = 0;                     // wrong samples in cells that are not among `mistakes`

  Index samples() const;
  Index wrong() const;
  // The whole matrix, (K,K): a row a label, a column a prediction. Throws Error where cells were left out.
  std::vector<std::vector<Index>> matrix() const;
  // The mean over the classes for which the value is defined; NaN without one.
  double mean(double (ClassCounts::*value)() const) const;
  bool operator==(const Confusion&) const = default;
};

// Keeps every cell, so at most one for each wrong sample.
Confusion confusion(const SampleResults& results);

// The numbers of the classes, the one with the lowest F1 first; of equal ones that with more samples. Classes without F1 come last.
std::vector<Index> weakest_first(const Confusion& confusion);

}  // namespace temper::calibration
