#include "apps/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>

#include "models/training/settings.h"

namespace temper::report {
namespace {

// What says where or how fast a run was made, not what was trained; or what is compared by its own means.
constexpr std::array<std::string_view, 15> kNotTraining{
    "seed", "threads", "shards",    "out",     "resume", "config", "checkpoint_every", "checkpoint-every",
    "data", "model",   "smoothing", "teacher", "json",   "device", "log_steps"};

bool same_teacher(const runs::Run& a, const runs::Run& b) {
  if (!a.teacher || !b.teacher) return a.teacher.has_value() == b.teacher.has_value();
  return a.teacher->model == b.teacher->model && a.teacher->smoothing == b.teacher->smoothing &&
         a.recipe.distillation == b.recipe.distillation;
}

bool same_arm(const runs::Run& a, const runs::Run& b) {
  return a.command == b.command && a.recipe.model == b.recipe.model && a.recipe.smoothing == b.recipe.smoothing && same_teacher(a, b) &&
         different_settings(a, b).empty();
}

bool measured(const runs::Run& run) {
  return std::isfinite(run.test.accuracy) && std::isfinite(run.test.nll) && std::isfinite(run.test.ece);
}

bool has_samples(const runs::Run& run) { return run.classes && !run.classes->as_trained.correct.empty(); }

double mean(std::span<const runs::Run* const> runs, const std::function<double(const runs::Run&)>& value) {
  double sum = 0;
  for (const runs::Run* run : runs) sum += value(*run);
  return sum / static_cast<double>(runs.size());
}

}  // namespace

double fitted_temperature(const runs::Run& run) {
  return run.calibration ? run.temperature().value_or(calibration::kNotMeasured) : calibration::kNotMeasured;
}

Spread spread(const Arm& arm, const std::function<double(const runs::Run&)>& value) {
  const double centre = mean(arm.runs, value), count = static_cast<double>(arm.runs.size());
  const double variance = mean(arm.runs, [&](const runs::Run& run) { return std::pow(value(run) - centre, 2); });
  return {centre, arm.runs.size() < 2 ? calibration::kNotMeasured : std::sqrt(variance * count / (count - 1))};
}

std::string name_of(const Arm& arm, const Comparison& comparison) {
  std::string name;
  for (const auto& [key, value] : runs::list_settings(arm.first())) {
    constexpr std::array<std::string_view, 2> kComparedApart{"model", "smoothing"};  // which are settings all the same
    if (std::ranges::count(kNotTraining, key) > std::ranges::count(kComparedApart, key)) continue;
    const auto differs = [&, &key = key, &value = value](const Arm& other) {
      const auto settings = runs::list_settings(other.first());
      const auto found = std::ranges::find_if(settings, [&](const auto& setting) { return setting.first == key; });
      return found == settings.end() || found->second != value;
    };
    if (!std::ranges::any_of(comparison.arms, differs)) continue;
    const training::Setting* setting = training::find_setting(key);
    const bool short_text = setting && setting->can_vary();  // "0" for 0.0
    name += (name.empty() ? "" : ", ") + key + " " + (short_text ? training::plain_text(setting->read(arm.first().recipe)) : value);
  }
  return name.empty() ? arm.first().recipe.model : name;
}

calibration::Metrics Arm::before() const {
  return {.samples = first().test.samples,
          .accuracy = mean(runs, [](const runs::Run& run) { return run.test.accuracy; }),
          .nll = mean(runs, [](const runs::Run& run) { return run.test.nll; }),
          .ece = mean(runs, [](const runs::Run& run) { return run.test.ece; }),
          .aurc = mean(runs, [](const runs::Run& run) { return run.test.aurc; })};
}

std::optional<calibration::Metrics> Arm::after() const {
  const auto calibrated = [](const runs::Run* run) {
    return run->calibration && std::isfinite(run->calibration->evaluation.after.metrics.ece);
  };
  if (!std::ranges::all_of(runs, calibrated)) return std::nullopt;
  return calibration::Metrics{
      .samples = first().test.samples,
      .accuracy = mean(runs, [](const runs::Run& run) { return run.calibration->evaluation.after.metrics.accuracy; }),
      .nll = mean(runs, [](const runs::Run& run) { return run.calibration->evaluation.after.metrics.nll; }),
      .ece = mean(runs, [](const runs::Run& run) { return run.calibration->evaluation.after.metrics.ece; })};
}

double Arm::temperature() const { return mean(runs, fitted_temperature); }

double Arm::chance_ece(bool calibrated) const {
  return mean(runs, [&](const runs::Run& run) {
    return report::chance_ece(calibrated && run.calibration ? run.calibration->evaluation.after.reliability : run.test_reliability);
  });
}

calibration::PairedDifference paired_difference(const Arm& first, const Arm& second) {
  const auto same_images = [&](const runs::Run* run) {
    return has_samples(*run) && run->classes->data_hash == first.first().classes->data_hash &&
           run->classes->as_trained.correct.size() == first.first().classes->as_trained.correct.size();
  };
  if (!has_samples(first.first()) || !std::ranges::all_of(first.runs, same_images) || !std::ranges::all_of(second.runs, same_images))
    return {};
  const auto samples = [](const Arm& arm) {
    std::vector<const calibration::Confidences*> all;
    for (const runs::Run* run : arm.runs) all.push_back(&run->classes->as_trained);
    return all;
  };
  return calibration::paired_difference(samples(first), samples(second));
}

calibration::PairedDifference calibration_change(const Arm& arm) {
  const auto mean_interval = [&](calibration::Interval calibration::PairedDifference::*value) {
    const auto end = [&](double calibration::Interval::*which) {
      return mean(arm.runs, [&](const runs::Run& run) {
        return run.calibration ? run.calibration->evaluation.change.*value.*which : calibration::kNotMeasured;
      });
    };
    return calibration::Interval{end(&calibration::Interval::lower), end(&calibration::Interval::upper)};
  };
  using Change = calibration::PairedDifference;
  return {.accuracy = mean_interval(&Change::accuracy), .nll = mean_interval(&Change::nll), .ece = mean_interval(&Change::ece)};
}

double excess_aurc(const Arm& arm) {
  return mean(arm.runs, [](const runs::Run& run) {
    return has_samples(run) ? calibration::excess_aurc(run.classes->as_trained) : calibration::kNotMeasured;
  });
}

std::vector<Comparison> comparisons(std::span<const runs::Run> runs) {
  std::vector<Comparison> found;
  for (const runs::Run& run : runs) {
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

std::vector<std::string> different_settings(const runs::Run& a, const runs::Run& b) {
  const auto others = runs::list_settings(b);
  std::vector<std::string> differences;
  for (const auto& [key, value] : runs::list_settings(a)) {
    if (std::ranges::find(kNotTraining, key) != kNotTraining.end()) continue;
    const auto other = std::ranges::find_if(others, [&name = key](const auto& candidate) { return candidate.first == name; });
    if (other == others.end() || other->second == value) continue;
    differences.push_back(fmt::format("{} {} against {}", key, value, other->second));
  }
  return differences;
}

double sampling_error(double accuracy, std::int64_t samples) {
  if (samples <= 0) return calibration::kNotMeasured;
  const double n = static_cast<double>(samples);
  const double half_image = std::min(0.5, 0.5 / n);
  const double p = std::clamp(accuracy, half_image, 1 - half_image);
  return std::sqrt(p * (1 - p) / n);
}

double chance_ece(std::span<const calibration::Bin> bins) {
  double total = 0, sum = 0;
  for (const calibration::Bin& bin : bins) {
    if (bin.count == 0 || !std::isfinite(bin.confidence)) continue;
    const double n = static_cast<double>(bin.count);
    total += n;
    sum += n * std::sqrt(2 / std::numbers::pi * std::max(0.0, bin.confidence * (1 - bin.confidence)) / n);
  }
  return total > 0 ? sum / total : calibration::kNotMeasured;
}

double mean_confidence(std::span<const calibration::Bin> bins) {
  double total = 0, sum = 0;
  for (const calibration::Bin& bin : bins) {
    if (bin.count == 0) continue;
    total += static_cast<double>(bin.count);
    sum += static_cast<double>(bin.count) * bin.confidence;
  }
  return total > 0 ? sum / total : calibration::kNotMeasured;
}

}  // namespace temper::report
