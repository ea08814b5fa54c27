#include "models/calibration/metrics/metrics.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/engine/parallel.h"
#include "models/calibration/metrics/calibration_error.h"
#include "models/calibration/metrics/selective.h"
#include "models/calibration/softmax.h"

namespace temper::calibration {
namespace {

// The calibrated softmax of one sample after the other, in the same memory.
class Row {
 public:
  explicit Row(Index classes) : logits_(static_cast<std::size_t>(classes)), probabilities_(logits_.size()) {}

  void read(std::span<const float> logits, const Calibrator& calibrator) {
    calibrator.apply(logits, logits_);
    softmax_ = softmax(std::span<const double>(logits_), 1, probabilities_);
  }
  const Softmax& softmax_result() const { return softmax_; }
  std::span<const double> probabilities() const { return probabilities_; }
  double log_probability(std::size_t label) const { return softmax_.log_probability(logits_[label]); }

  double brier(std::size_t label) const {
    const double others =
        sum_terms(probabilities_.size(), [&](std::size_t k) { return k == label ? 0 : probabilities_[k] * probabilities_[k]; });
    const double missing = 1 - probabilities_[label];
    return others + missing * missing;
  }

 private:
  std::vector<double> logits_, probabilities_;
  Softmax softmax_;
};

// The mean over the samples of value(row, label).
template <class Value> double sample_mean(const RowSubset& data, const Calibrator& calibrator, Value value) {
  check(data);
  const auto sum_of = [&](Index begin, Index end) {
    Row row(data.classes());
    double sum = 0;
    for (Index i = begin; i < end; ++i) {
      row.read(data.row(i), calibrator);
      sum += value(row, data.label(i));
    }
    return sum;
  };
  const double sum = parallel_reduce(chunks(data), 0.0, sum_of, [](double a, double b) { return a + b; });
  return sum / static_cast<double>(data.size());
}

std::vector<Metric> in_order(int Metric::*place) {
  std::vector<Metric> metrics;
  for (const Metric& metric : kMetrics)
    if (metric.*place > 0) metrics.push_back(metric);
  std::ranges::sort(metrics, {}, place);
  return metrics;
}

}  // namespace

std::vector<Metric> metrics_by_number() { return in_order(&Metric::number); }
std::vector<Metric> log_columns() { return in_order(&Metric::log_column); }

struct MetricsStream::Sums {
  double correct = 0, nll = 0, brier = 0;
  Index changed = 0;
  ClassBins class_bins;
};

MetricsStream::MetricsStream(Index classes) : classes_(classes), class_bins_(std::max<Index>(classes, 1), kBins) {
  TEMPER_CHECK(classes >= 1, "metrics: ", classes, " classes; there must be at least one");
}

void MetricsStream::add_rows(const RowSubset& batch, const Calibrator& calibrator, Index begin, Index end, Sums& sums) {
  const std::size_t first = confidences_.confidence.size() - static_cast<std::size_t>(batch.size());
  Row row(classes_);
  for (Index i = begin; i < end; ++i) {
    const std::size_t label = batch.label(i), at = first + static_cast<std::size_t>(i);
    row.read(batch.row(i), calibrator);
    const bool correct = static_cast<std::size_t>(row.softmax_result().predicted) == label;
    confidences_.confidence[at] = row.softmax_result().confidence();
    confidences_.correct[at] = correct;
    sums.correct += correct ? 1 : 0;
    sums.changed += row.softmax_result().predicted == argmax(batch.row(i)) ? 0 : 1;
    losses_[at] = -row.log_probability(label);
    sums.nll += losses_[at];
    sums.brier += row.brier(label);
    sums.class_bins.add(row.probabilities(), label);
  }
}

void MetricsStream::add(const RowSubset& batch, const Calibrator& calibrator) {
  check(batch);
  TEMPER_CHECK(batch.classes() == classes_, "metrics: a batch of ", batch.classes(), " classes after ", classes_,
               "; all batches must have the same");
  const std::size_t samples = confidences_.confidence.size() + static_cast<std::size_t>(batch.size());
  confidences_.confidence.resize(samples);
  confidences_.correct.resize(samples);
  losses_.resize(samples);
  const Chunks all = chunks(batch);
  std::vector<Sums> parts(static_cast<std::size_t>(all.number()), Sums{.class_bins = {classes_, kBins}});
  parallel_for(
      all, [&](Index begin, Index end) { add_rows(batch, calibrator, begin, end, parts[static_cast<std::size_t>(all.index_of(begin))]); });
  for (const Sums& part : parts) {
    correct_ += part.correct;
    nll_ += part.nll;
    brier_ += part.brier;
    changed_ += part.changed;
    class_bins_.add(part.class_bins);
  }
}

Metrics MetricsStream::result() const {
  TEMPER_CHECK(!confidences_.confidence.empty(), "metrics: no samples; give at least one");
  const auto samples = static_cast<double>(confidences_.confidence.size());
  const ClassBins::BrierParts parts = class_bins_.brier_parts(samples);
  const std::vector<Bin> bins = reliability(confidences_.confidence, confidences_.correct);
  const Ranking ranking(confidences_.confidence, confidences_.correct);
  return {.samples = static_cast<Index>(confidences_.confidence.size()),
          .accuracy = correct_ / samples,
          .nll = nll_ / samples,
          .ece = compute_ece(bins),
          .mce = compute_mce(bins),
          .ace = compute_ece(equal_mass_reliability(confidences_.confidence, confidences_.correct)),
          .classwise_ece = class_bins_.classwise_ece(samples),
          .brier = brier_ / samples,
          .debiased_ece = calibration::debiased_ece(bins),
          .smooth_ece = calibration::smooth_ece(confidences_.confidence, confidences_.correct),
          .brier_reliability = parts.reliability,
          .brier_resolution = parts.resolution,
          .brier_uncertainty = parts.uncertainty,
          .aurc = ranking.aurc(),
          .auroc = ranking.auroc()};
}

Metrics metrics(const Predictions& predictions, double temperature) { return metrics(predictions, TemperatureCalibrator(temperature)); }

Metrics metrics(const RowSubset& predictions, const Calibrator& calibrator) {
  check(predictions);  // before the memory for its classes is taken
  MetricsStream stream(predictions.classes());
  stream.add(predictions, calibrator);
  return stream.result();
}

double accuracy(const Predictions& predictions) {
  check(predictions);
  Index correct = 0;
  for (Index i = 0; i < predictions.size(); ++i)
    correct += static_cast<std::size_t>(argmax(predictions.row(i))) == predictions.label(i) ? 1 : 0;
  return static_cast<double>(correct) / static_cast<double>(predictions.size());
}

double nll(const Predictions& predictions, double temperature) { return nll(predictions, TemperatureCalibrator(temperature)); }
double nll(const RowSubset& predictions, const Calibrator& calibrator) {
  return sample_mean(predictions, calibrator, [](const Row& row, std::size_t label) { return -row.log_probability(label); });
}

double brier(const Predictions& predictions, double temperature) { return brier(predictions, TemperatureCalibrator(temperature)); }
double brier(const RowSubset& predictions, const Calibrator& calibrator) {
  return sample_mean(predictions, calibrator, [](const Row& row, std::size_t label) { return row.brier(label); });
}

double classwise_ece(const Predictions& predictions, double temperature, Index bins) {
  check(predictions);
  ClassBins class_bins(predictions.classes, bins);
  const TemperatureCalibrator calibrator(temperature);
  Row row(predictions.classes);
  const RowSubset all(predictions);
  const Chunks parts = chunks(all);
  for (Index number = 0; number < parts.number(); ++number) {
    ClassBins part(predictions.classes, bins);
    for (Index i = parts.begin(number); i < parts.end(number); ++i) {
      row.read(all.row(i), calibrator);
      part.add(row.probabilities(), all.label(i));
    }
    class_bins.add(part);
  }
  return class_bins.classwise_ece(static_cast<double>(predictions.size()));
}

}  // namespace temper::calibration
