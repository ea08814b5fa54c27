// The library's side of tests/bench/calibration_peers.py: what a peer does, one fit on all rows and one ECE before and after, as JSON.
//   calibration_bench LOGITS LABELS temperature|isotonic|... [threads]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "core/engine/parallel.h"
#include "models/calibration/calibrators/calibrators.h"
#include "models/calibration/metrics/metrics.h"
#include "models/calibration/softmax.h"
#include "models/calibration/study/prediction_files.h"

namespace temper::calibration {
namespace {

double ece(const Predictions& data, const Calibrator& calibrator) {
  Confidences says{std::vector<double>(data.labels.size()), std::vector<std::uint8_t>(data.labels.size())};
  parallel_for(data.size(), row_grain(data.classes), [&](Index begin, Index end) {
    std::vector<double> z(static_cast<std::size_t>(data.classes));
    for (Index i = begin; i < end; ++i) {
      calibrator.apply(data.row(i), z);
      const Softmax p = softmax(std::span<const double>(z), 1, z);
      says.confidence[static_cast<std::size_t>(i)] = p.confidence();
      says.correct[static_cast<std::size_t>(i)] = static_cast<std::size_t>(p.predicted) == data.label(i);
    }
  });
  return compute_ece(reliability(says.confidence, says.correct));
}

int run(int count, char** arguments) {
  if (count < 4) return std::fprintf(stderr, "calibration_bench LOGITS LABELS METHOD [threads]\n"), 2;
  set_threads(count > 4 ? std::atoi(arguments[4]) : 2);
  const Predictions data = read_predictions({.logits = arguments[1], .labels = arguments[2]});
  const auto begin = std::chrono::steady_clock::now();
  const std::clock_t before = std::clock();
  const Fitted fitted = fit(calibrator_kind(arguments[3]), data);
  const double raw = ece(data, *identity_calibrator()), calibrated = ece(data, *fitted.calibrator);
  const double cpu = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("{\"seconds\": %.4f, \"processor_seconds\": %.4f, \"ece\": [%.6f, %.6f]}\n", wall, cpu, raw, calibrated);
  return 0;
}

}  // namespace
}  // namespace temper::calibration

int main(int count, char** arguments) { return temper::calibration::run(count, arguments); }
