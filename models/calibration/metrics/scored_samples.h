// Scores and correctness, sorted: the input of every curve and of equal-mass bins.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace temper::calibration {

struct ScoredSample {
  double score = 0;
  std::uint8_t correct = 0;  // 1 = right, 0 = wrong
  auto operator<=>(const ScoredSample&) const = default;
};

// By rising score, sorted on all threads. Requires as many scores as outcomes, and none that is NaN.
std::vector<ScoredSample> sort_by_score(std::span<const double> score, std::span<const std::uint8_t> correct);

}  // namespace temper::calibration
