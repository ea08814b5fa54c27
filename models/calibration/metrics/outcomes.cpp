#include "models/calibration/metrics/outcomes.h"

#include <algorithm>

#include "core/parallel.h"

namespace temper::calibration {
namespace {

constexpr Index kRun = 1 << 14;  // outcomes that are sorted in one piece

// Merges neighbouring sorted runs of `length` outcomes from one array into another.
void merge_runs(const std::vector<Outcome>& from, Index length, std::vector<Outcome>& to) {
  const auto size = static_cast<Index>(from.size());
  parallel_for(size, 2 * length, [&](Index begin, Index end) {
    const Index middle = std::min(begin + length, end);
    std::merge(from.begin() + begin, from.begin() + middle, from.begin() + middle, from.begin() + end, to.begin() + begin);
  });
}

}  // namespace

std::vector<Outcome> sorted_outcomes(std::span<const double> score, std::span<const std::uint8_t> correct) {
  const auto size = static_cast<Index>(score.size());
  std::vector<Outcome> outcomes(score.size()), merged(size > kRun ? score.size() : 0);
  parallel_for(size, kRun, [&](Index begin, Index end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) outcomes[i] = {score[i], correct[i]};
    std::sort(outcomes.begin() + begin, outcomes.begin() + end);
  });
  for (Index length = kRun; length < size; length *= 2) {
    merge_runs(outcomes, length, merged);
    std::swap(outcomes, merged);
  }
  return outcomes;
}

}  // namespace temper::calibration
