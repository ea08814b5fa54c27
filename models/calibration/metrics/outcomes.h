// Scores and correctness, sorted: the input of every curve and of equal-mass bins.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace temper::calibration {

struct Outcome {
  double score = 0;
  std::uint8_t correct = 0;  // 1 = right, 0 = wrong
  auto operator<=>(const Outcome&) const = default;
};

// By rising score, sorted on all threads. Requires as many scores as outcomes, and none that is NaN.
std::vector<Outcome> sorted_outcomes(std::span<const double> score, std::span<const std::uint8_t> correct);

}  // namespace temper::calibration
