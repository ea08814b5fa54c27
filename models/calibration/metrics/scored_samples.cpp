#include "models/calibration/metrics/scored_samples.h"

#include <algorithm>

#include "core/engine/parallel.h"

namespace temper::calibration {
namespace {

constexpr Index kRun = 1 << 14;  // outcomes that are sorted in one piece

// body(begin, end) for every run of `length` outcomes of `size`, the last one what is left, on all threads.
template <class Body> void for_each_run(Index size, Index length, Body body) {
  parallel_for((size + length - 1) / length, 1, [&](Index first, Index last) {
    for (Index run = first; run < last; ++run) body(run * length, std::min(size, (run + 1) * length));
  });
}

// Merges neighbouring sorted runs of `length` outcomes from one array into another.
void merge_runs(const std::vector<ScoredSample>& from, Index length, std::vector<ScoredSample>& to) {
  for_each_run(static_cast<Index>(from.size()), 2 * length, [&](Index begin, Index end) {
    const Index middle = std::min(begin + length, end);
    std::merge(from.begin() + begin, from.begin() + middle, from.begin() + middle, from.begin() + end, to.begin() + begin);
  });
}

}  // namespace

std::vector<ScoredSample> sort_by_score(std::span<const double> score, std::span<const std::uint8_t> correct) {
  const auto size = static_cast<Index>(score.size());
  std::vector<ScoredSample> outcomes(score.size()), merged(size > kRun ? score.size() : 0);
  for_each_run(size, kRun, [&](Index begin, Index end) {
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
