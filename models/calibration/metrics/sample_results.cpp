#include "models/calibration/metrics/sample_results.h"

#include <algorithm>
#include <numeric>

#include "core/engine/parallel.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

// The `count` of `samples` with the highest score, the earlier first among equals.
std::vector<Index> take_highest(std::vector<Index> samples, const std::vector<double>& score, std::size_t count) {
  const auto above = [&](Index a, Index b) {
    const double of_a = score[static_cast<std::size_t>(a)], of_b = score[static_cast<std::size_t>(b)];
    return of_a != of_b ? of_a > of_b : a < b;
  };
  const std::size_t kept = std::min(count, samples.size());
  std::partial_sort(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(kept), samples.end(), above);
  samples.resize(kept);
  return samples;
}

}  // namespace

SampleResults sample_results(const RowSubset& data, const Calibrator& calibrator) {
  check(data);
  const auto samples = static_cast<std::size_t>(data.size());
  SampleResults results{.classes = data.classes(),
                        .labels = std::vector<std::int32_t>(samples),
                        .predicted = std::vector<std::int32_t>(samples),
                        .confidences = {std::vector<double>(samples), std::vector<std::uint8_t>(samples)},
                        .losses = std::vector<double>(samples)};
  parallel_for(chunks(data), [&](Index begin, Index end) {
    std::vector<double> logits(static_cast<std::size_t>(data.classes())), probabilities(logits.size());
    for (Index i = begin; i < end; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const std::size_t label = data.label(i);
      calibrator.apply(data.row(i), logits);
      const Softmax result = softmax(std::span<const double>(logits), 1, probabilities);
      results.labels[at] = static_cast<std::int32_t>(label);
      results.predicted[at] = static_cast<std::int32_t>(result.predicted);
      results.confidences.confidence[at] = result.confidence();
      results.confidences.correct[at] = static_cast<std::size_t>(result.predicted) == label ? 1 : 0;
      results.losses[at] = 0 - result.log_probability(logits[label]);  // not -0
    }
  });
  return results;
}

std::vector<Index> highest_losses(const SampleResults& results, std::size_t count) {
  std::vector<Index> all(static_cast<std::size_t>(results.size()));
  std::iota(all.begin(), all.end(), Index{0});
  return take_highest(std::move(all), results.losses, count);
}

std::vector<Index> surest_mistakes(const SampleResults& results, std::size_t count) {
  std::vector<Index> wrong;
  for (Index i = 0; i < results.size(); ++i)
    if (!results.confidences.correct[static_cast<std::size_t>(i)]) wrong.push_back(i);
  return take_highest(std::move(wrong), results.confidences.confidence, count);
}

}  // namespace temper::calibration
