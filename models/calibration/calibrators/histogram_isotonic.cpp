#include "models/calibration/calibrators/histogram_isotonic.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/engine/parallel.h"
#include "core/kernels/exponential.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

// Replaces the probabilities by value(k, p_k), normalised; then by their logarithms.
template <class Value> void map_classes(std::span<const float> logits, std::span<double> out, Value value) {
  const Softmax p = softmax(logits, 1, out);
  double sum = 0;
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k] = value(k, out[k]);
    sum += out[k];
  }
  for (std::size_t k = 0; k < out.size(); ++k)
    out[k] = sum > 0 ? std::log(out[k] / sum) : p.log_probability(static_cast<double>(logits[k]));
}

// p_k of every sample beside whether k is the label, for one class after the other.
class ClassTargets {
 public:
  explicit ClassTargets(const RowSubset& data) : data_(data), normalisers_(static_cast<std::size_t>(data.size())) {
    parallel_for(chunks(data), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) normalisers_[static_cast<std::size_t>(i)] = softmax(data_.row(i), 1);
    });
  }

  std::vector<std::pair<double, double>> sorted(std::size_t k) const {
    // The quotient of map_classes, to the last bit: a sample that was fitted must land on its knot.
    std::vector<double> e(normalisers_.size());
    for (std::size_t i = 0; i < e.size(); ++i) e[i] = normalisers_[i].scaled(static_cast<double>(data_.row(static_cast<Index>(i))[k]));
    exponentials(e.data(), data_.size(), e.data());
    std::vector<std::pair<double, double>> pairs(e.size());
    for (std::size_t i = 0; i < e.size(); ++i) {
      const bool predicted = static_cast<Index>(k) == normalisers_[i].predicted;
      pairs[i] = {(predicted ? 1 : e[i]) / (1 + normalisers_[i].rest), data_.label(static_cast<Index>(i)) == k ? 1 : 0};
    }
    std::sort(pairs.begin(), pairs.end());
    return pairs;
  }

 private:
  const RowSubset& data_;
  std::vector<Softmax> normalisers_;
};

double interpolate(std::span<const IsotonicCalibrator::Knot> knots, double p) {
  const auto right = std::lower_bound(knots.begin(), knots.end(), p, [](const auto& knot, double x) { return knot.p < x; });
  if (right == knots.end()) return knots.back().value;
  if (right == knots.begin() || right->p == p) return right->value;
  const IsotonicCalibrator::Knot &a = right[-1], &b = *right;
  return a.value + (b.value - a.value) * ((p - a.p) / (b.p - a.p));
}

}  // namespace

HistogramCalibrator::HistogramCalibrator(Index classes, std::vector<double> frequencies)
    : bins_(classes > 0 ? static_cast<Index>(frequencies.size()) / classes : 0), frequencies_(std::move(frequencies)) {
  TEMPER_CHECK(bins_ >= 1 && bins_ * classes == static_cast<Index>(frequencies_.size()), "frequencies: ", frequencies_.size(),
               " numbers for ", classes, " classes; there must be the same number of bins for each");
  for (const double frequency : frequencies_)
    TEMPER_CHECK((frequency >= 0 && frequency <= 1) || frequency == -1, "frequencies: ", frequency, " is not in 0..1; calibrate again");
}

HistogramCalibrator HistogramCalibrator::fit(const RowSubset& held_out, Index bins) {
  check(held_out);
  bin_index(0.0, bins);  // refuses a bad number before anything is allocated
  const auto size = static_cast<std::size_t>(held_out.classes() * bins);
  std::vector<double> counts(size), labels(size), p(static_cast<std::size_t>(held_out.classes()));
  for (Index i = 0; i < held_out.size(); ++i) {
    softmax(held_out.row(i), 1, p);
    for (std::size_t k = 0; k < p.size(); ++k) {
      const std::size_t at = k * static_cast<std::size_t>(bins) + static_cast<std::size_t>(bin_index(p[k], bins));
      counts[at] += 1;
      labels[at] += held_out.label(i) == k ? 1 : 0;
    }
  }
  for (std::size_t i = 0; i < size; ++i) labels[i] = counts[i] > 0 ? labels[i] / counts[i] : -1;
  return {held_out.classes(), std::move(labels)};
}

void HistogramCalibrator::apply(std::span<const float> logits, std::span<double> calibrated) const {
  map_classes(logits, calibrated, [&](std::size_t k, double p) {
    const double frequency = frequencies_[k * static_cast<std::size_t>(bins_) + static_cast<std::size_t>(bin_index(p, bins_))];
    return frequency >= 0 ? frequency : p;
  });
}

namespace {

struct Level {
  double first, last, sum, count;  // the probabilities it spans; its targets
  double mean() const { return sum / count; }
};

// Joins the last level with those on its left that lie as high or higher.
void pool(std::vector<Level>& levels) {
  while (levels.size() >= 2 && levels[levels.size() - 2].mean() >= levels.back().mean()) {
    const Level last = levels.back();
    levels.pop_back();
    levels.back() = {levels.back().first, last.last, levels.back().sum + last.sum, levels.back().count + last.count};
  }
}

}  // namespace

std::vector<IsotonicCalibrator::Knot> isotonic_knots(std::span<const std::pair<double, double>> sorted) {
  std::vector<Level> levels;
  for (const auto& [x, target] : sorted) {
    if (!levels.empty() && levels.back().last == x && levels.back().first == x) {
      levels.back().sum += target;  // equal probabilities are one point
      levels.back().count += 1;
      continue;
    }
    pool(levels);  // the point before is complete now
    levels.push_back({x, x, target, 1});
  }
  pool(levels);
  std::vector<IsotonicCalibrator::Knot> knots;
  for (const Level& level : levels) {
    knots.push_back({level.first, level.mean()});
    if (level.last != level.first) knots.push_back({level.last, level.mean()});
  }
  return knots;
}

IsotonicCalibrator::IsotonicCalibrator(std::vector<std::vector<Knot>> knots) : knots_(std::move(knots)) {
  for (std::size_t k = 0; k < knots_.size(); ++k) {
    TEMPER_CHECK(!knots_[k].empty(), "knots: class ", k, " has none; calibrate again");
    for (std::size_t i = 0; i < knots_[k].size(); ++i) {
      const Knot& knot = knots_[k][i];
      const bool rises = i == 0 || (knots_[k][i - 1].p < knot.p && knots_[k][i - 1].value <= knot.value);
      TEMPER_CHECK(rises && knot.p >= 0 && knot.p <= 1 && knot.value >= 0 && knot.value <= 1, "knots: knot ", i, " of class ", k, " (",
                   knot.p, ", ", knot.value, ") is out of order or not in 0..1; calibrate again");
    }
  }
}

IsotonicCalibrator IsotonicCalibrator::fit(const RowSubset& held_out) {
  check(held_out);
  const ClassTargets targets(held_out);
  std::vector<std::vector<Knot>> knots(static_cast<std::size_t>(held_out.classes()));
  parallel_for(held_out.classes(), 1, [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) knots[static_cast<std::size_t>(k)] = isotonic_knots(targets.sorted(static_cast<std::size_t>(k)));
  });
  return IsotonicCalibrator(std::move(knots));
}

IsotonicCalibrator IsotonicCalibrator::restore(Index classes, const Parameters& parameters) {
  const std::vector<double>&counts = find_parameter(parameters, "knots"), &p = find_parameter(parameters, "p"),
        &value = find_parameter(parameters, "value");
  TEMPER_CHECK(static_cast<Index>(counts.size()) == classes && p.size() == value.size(), "knots: their numbers do not fit together for ",
               classes, " classes; calibrate again");
  std::vector<std::vector<Knot>> knots;
  std::size_t at = 0;
  for (const double count : counts) {
    TEMPER_CHECK(count >= 1 && count <= static_cast<double>(p.size() - at), "knots: a class claims ", count, " of ", p.size() - at,
                 "; calibrate again");
    knots.emplace_back();
    for (double i = 0; i < count; ++i, ++at) knots.back().push_back({p[at], value[at]});
  }
  TEMPER_CHECK(at == p.size(), "knots: ", p.size() - at, " belong to no class; calibrate again");
  return IsotonicCalibrator(std::move(knots));
}

Parameters IsotonicCalibrator::parameters() const {
  Parameters result{{"knots", {}}, {"p", {}}, {"value", {}}};
  for (const std::vector<Knot>& knots : knots_) {
    result["knots"].push_back(static_cast<double>(knots.size()));
    for (const Knot& knot : knots) {
      result["p"].push_back(knot.p);
      result["value"].push_back(knot.value);
    }
  }
  return result;
}

void IsotonicCalibrator::apply(std::span<const float> logits, std::span<double> calibrated) const {
  map_classes(logits, calibrated, [&](std::size_t k, double p) { return interpolate(knots_[k], p); });
}

constinit const CalibratorKind kHistogram{
    .name = "histogram",
    .description = "for each class how often it is the label in the bin of p_k",
    .judged_by = ProperScore::brier,
    .reads_bins = true,
    .fit = [](const RowSubset& held_out, const FitOptions& options, const Calibrator*) -> Fitted {
      return {.calibrator = std::make_shared<HistogramCalibrator>(HistogramCalibrator::fit(held_out, options.bins))};
    },
    .make = [](Index classes, const Parameters& parameters) -> std::unique_ptr<const Calibrator> {
      return std::make_unique<HistogramCalibrator>(classes, find_parameter(parameters, "frequencies"));
    }};
constinit const CalibratorKind kIsotonic{.name = "isotonic",
                                         .description = "for each class a rising step function of p_k",
                                         .judged_by = ProperScore::brier,
                                         .fit = [](const RowSubset& held_out, const FitOptions&, const Calibrator*) -> Fitted {
                                           return {.calibrator = std::make_shared<IsotonicCalibrator>(IsotonicCalibrator::fit(held_out))};
                                         },
                                         .make = [](Index classes, const Parameters& parameters) -> std::unique_ptr<const Calibrator> {
                                           return std::make_unique<IsotonicCalibrator>(IsotonicCalibrator::restore(classes, parameters));
                                         }};

}  // namespace temper::calibration
