#include "apps/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

namespace temper::report {
namespace {

// What says where or how fast a run was made, not what was trained; or what is compared by its own means.
constexpr std::array<std::string_view, 14> kNotTraining{
    "seed", "threads", "shards",    "out",     "resume", "config", "checkpoint_every", "checkpoint-every",
    "data", "model",   "smoothing", "teacher", "json",   "device"};

bool same_teacher(const std::optional<Teacher>& a, const std::optional<Teacher>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->model == b->model && a->smoothing == b->smoothing && a->temperature == b->temperature && a->beta == b->beta &&
         a->form == b->form && a->student_temperature == b->student_temperature && a->factor == b->factor;
}

bool same_arm(const RunRecord& a, const RunRecord& b) {
  return a.command == b.command && a.model == b.model && a.smoothing == b.smoothing && same_teacher(a.teacher, b.teacher) &&
         different_settings(a, b).empty();
}

bool measured(const RunRecord& run) {
  return std::isfinite(run.test.accuracy) && std::isfinite(run.test.nll) && std::isfinite(run.test.ece);
}

double mean(std::span<const RunRecord* const> runs, const std::function<double(const RunRecord&)>& value) {
  double sum = 0;
  for (const RunRecord* run : runs) sum += value(*run);
  return sum / static_cast<double>(runs.size());
}

}  // namespace

Metrics Arm::before() const {
  return {.samples = first().test.samples,
          .accuracy = mean(runs, [](const RunRecord& run) { return run.test.accuracy; }),
          .nll = mean(runs, [](const RunRecord& run) { return run.test.nll; }),
          .ece = mean(runs, [](const RunRecord& run) { return run.test.ece; }),
          .aurc = mean(runs, [](const RunRecord& run) { return run.test.aurc; })};
}

std::optional<Metrics> Arm::after() const {
  const auto calibrated = [](const RunRecord* run) { return run->calibration && std::isfinite(run->calibration->after.ece); };
  if (!std::ranges::all_of(runs, calibrated)) return std::nullopt;
  return Metrics{.samples = first().test.samples,
                 .accuracy = mean(runs, [](const RunRecord& run) { return run.calibration->after.accuracy; }),
                 .nll = mean(runs, [](const RunRecord& run) { return run.calibration->after.nll; }),
                 .ece = mean(runs, [](const RunRecord& run) { return run.calibration->after.ece; })};
}

double Arm::temperature() const {
  return mean(runs, [](const RunRecord& run) { return run.calibration ? run.calibration->temperature : kNotANumber; });
}

double Arm::chance_ece(bool calibrated) const {
  return mean(runs, [&](const RunRecord& run) {
    return report::chance_ece(calibrated && run.calibration ? run.calibration->bins_after : run.test_bins);
  });
}

std::vector<Comparison> comparisons(std::span<const RunRecord> runs) {
  std::vector<Comparison> found;
  for (const RunRecord& run : runs) {
    const std::string data = data_name(run.data);
    const auto same_images = [&](const Comparison& other) { return other.data == data && other.samples == run.test.samples; };
    auto comparison = std::ranges::find_if(found, same_images);
    if (comparison == found.end()) {
      found.push_back({.data = data, .samples = run.test.samples});
      comparison = std::prev(found.end());
    }
    comparison->runs.push_back(&run);
    if (!measured(run)) continue;
    const auto arm = std::ranges::find_if(comparison->arms, [&](const Arm& other) { return same_arm(other.first(), run); });
    if (arm == comparison->arms.end()) {
      comparison->arms.push_back({.runs = {&run}});
    } else {
      arm->runs.push_back(&run);
    }
  }
  return found;
}

std::string data_name(std::string_view spec) {
  const std::size_t colon = spec.find(':');
  if (colon == std::string_view::npos) return std::string(spec);
  const std::string_view kind = spec.substr(0, colon);
  if (kind != "folder") return std::string(kind);
  std::string_view path = spec.substr(colon + 1);
  while (path.ends_with('/')) path.remove_suffix(1);
  const std::string_view last = path.substr(path.rfind('/') + 1);  // npos + 1 == 0
  return std::string(last.empty() ? kind : last);
}

std::vector<std::string> different_settings(const RunRecord& a, const RunRecord& b) {
  std::vector<std::string> differences;
  for (const auto& setting : a.settings) {
    if (std::ranges::find(kNotTraining, setting.first) != kNotTraining.end()) continue;
    const auto other = std::ranges::find_if(b.settings, [&](const auto& candidate) { return candidate.first == setting.first; });
    if (other == b.settings.end() || other->second == setting.second) continue;
    differences.push_back(fmt::format("{} {} against {}", setting.first, setting.second, other->second));
  }
  return differences;
}

double sampling_error(double accuracy, std::int64_t samples) {
  if (samples <= 0) return kNotANumber;
  const double n = static_cast<double>(samples);
  const double half_image = std::min(0.5, 0.5 / n);
  const double p = std::clamp(accuracy, half_image, 1 - half_image);
  return std::sqrt(p * (1 - p) / n);
}

double chance_ece(std::span<const ReliabilityBin> bins) {
  double total = 0, sum = 0;
  for (const ReliabilityBin& bin : bins) {
    if (bin.count == 0 || !std::isfinite(bin.confidence)) continue;
    const double n = static_cast<double>(bin.count);
    total += n;
    sum += n * std::sqrt(2 / std::numbers::pi * std::max(0.0, bin.confidence * (1 - bin.confidence)) / n);
  }
  return total > 0 ? sum / total : kNotANumber;
}

double mean_confidence(std::span<const ReliabilityBin> bins) {
  double total = 0, sum = 0;
  for (const ReliabilityBin& bin : bins) {
    if (bin.count == 0) continue;
    total += static_cast<double>(bin.count);
    sum += static_cast<double>(bin.count) * bin.confidence;
  }
  return total > 0 ? sum / total : kNotANumber;
}

}  // namespace temper::report
