// The accuracy of a classifier and the quality of its probabilities. p_k = softmax(z / T)_k of a sample, y its label; fractions in 0..1,
// NLL in nats. All sums are in double, so the order of the samples changes a result by rounding only.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <vector>

#include "core/base/shape.h"
#include "models/calibration/calibrator.h"
#include "models/calibration/metrics/class_bins.h"
#include "models/calibration/metrics/reliability.h"
#include "models/calibration/predictions.h"
#include "models/calibration/row_subset.h"

namespace temper::calibration {

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

// ECE, MCE, debiased and class-wise ECE and the parts of the Brier score with 15 equal-width bins; ACE with 15 equal-mass bins of the
// confidence in the predicted class (Nguyen & O'Connor, EMNLP 2015; the ACE of Nixon et al. 2019 averages over all classes instead).
// Defined for every N >= 1 and K >= 1: empty bins weigh nothing, and a class without samples counts with the frequency 0 that it has.
struct Metrics {
  Index samples = 0;
  double accuracy = kNotMeasured, nll = kNotMeasured;
  double ece = kNotMeasured, mce = kNotMeasured, ace = kNotMeasured, classwise_ece = kNotMeasured;
  double brier = kNotMeasured;
  double debiased_ece = kNotMeasured;  // root mean square, see calibration_error.h
  double smooth_ece = kNotMeasured;
  // The parts of the Brier score, summed over the classes (Murphy 1973). It equals reliability - resolution + uncertainty where all p_k of
  // a bin are equal, and differs from that by their spread inside the bins otherwise (Stephenson, Coelho & Jolliffe 2008).
  double brier_reliability = kNotMeasured, brier_resolution = kNotMeasured, brier_uncertainty = kNotMeasured;
  double aurc = kNotMeasured;   // of the confidence, see selective.h
  double auroc = kNotMeasured;  // that the confidence is higher where the classifier is right; NaN when it always or never is
};

// A row of the table of metrics, which everything that reads, writes or shows metrics walks.
struct Metric {
  enum class Unit { percent, fraction, nats, none };                      // percent: a fraction that people read so
  enum class Better { higher, lower, neither };                           // neither: it depends on the data alone
  enum class Shown { in_summaries, in_comparisons, in_tables, in_full };  // the first everywhere, the last where all metrics are shown

  std::string_view key;      // in JSON and CSV
  std::string_view heading;  // for people
  double Metrics::*value;
  Unit unit;
  Better better;
  Shown shown;
  int number;          // its place in JSON, which never changes: a new metric takes the next
  int log_column = 0;  // its place in log.csv, as "val_" + key; 0: it is not there

  constexpr bool is_fraction() const { return unit == Unit::percent || unit == Unit::fraction; }
};

// In the order in which people read them. A new metric is a member above, a row here, and its value in MetricsStream::result().
inline constexpr std::array kMetrics = [] {
  using enum Metric::Unit;
  using enum Metric::Better;
  using enum Metric::Shown;
  using M = Metrics;
  return std::to_array<Metric>({
      {"accuracy", "accuracy", &M::accuracy, percent, higher, in_summaries, 1, 2},
      {"nll", "NLL", &M::nll, nats, lower, in_summaries, 2, 1},
      {"ece", "ECE", &M::ece, fraction, lower, in_summaries, 3, 3},
      {"debiased_ece", "debiased ECE", &M::debiased_ece, fraction, lower, in_tables, 8},
      {"smooth_ece", "smooth ECE", &M::smooth_ece, fraction, lower, in_comparisons, 9},
      {"mce", "MCE", &M::mce, fraction, lower, in_tables, 4},
      {"ace", "adaptive ECE", &M::ace, fraction, lower, in_tables, 5},
      {"classwise_ece", "class-wise ECE", &M::classwise_ece, fraction, lower, in_comparisons, 6},
      {"brier", "Brier", &M::brier, none, lower, in_summaries, 7},
      {"brier_reliability", "Brier reliability", &M::brier_reliability, none, lower, in_full, 10},
      {"brier_resolution", "Brier resolution", &M::brier_resolution, none, higher, in_full, 11},
      {"brier_uncertainty", "Brier uncertainty", &M::brier_uncertainty, none, neither, in_full, 12},
      {"aurc", "AURC", &M::aurc, fraction, lower, in_comparisons, 13},
      {"auroc", "AUROC", &M::auroc, fraction, higher, in_tables, 14},
  });
}();

// The row of a member.
constexpr Metric find_metric(double Metrics::*value) { return *std::ranges::find(kMetrics, value, &Metric::value); }

// The same in the order of JSON, and those of log.csv in the order of its columns.
std::vector<Metric> metrics_by_number();
std::vector<Metric> log_columns();

// Throws as check(Predictions), and Error unless T is positive and finite.
Metrics metrics(const Predictions& predictions, double temperature = 1);
Metrics metrics(const RowSubset& predictions, const Calibrator& calibrator);

// The same numbers of data that come in batches, up to rounding. Keeps 17 bytes a sample and 24 a bin and class.
class MetricsStream {
 public:
  explicit MetricsStream(Index classes);  // throws Error unless classes >= 1

  // Throws as check(Predictions), and Error for another number of classes.
  void add(const RowSubset& batch, const Calibrator& calibrator);
  Metrics result() const;  // throws Error before the first sample

  // How many predicted classes the calibrators changed so far.
  Index changed() const { return changed_; }
  // Of all samples so far, in their order.
  const Confidences& confidences() const { return confidences_; }
  const std::vector<double>& losses() const { return losses_; }  // -log of the label's probability

 private:
  struct Sums;
  void add_rows(const RowSubset& batch, const Calibrator& calibrator, Index begin, Index end, Sums& sums);

  Index classes_;
  double correct_ = 0, nll_ = 0, brier_ = 0;
  Index changed_ = 0;
  ClassBins class_bins_;
  Confidences confidences_;
  std::vector<double> losses_ = {};
};

// The fraction of samples whose first largest logit is the label's. T plays no part.
double accuracy(const Predictions& predictions);

// mean_i -log p_{i,y_i}, of the labels as they are, never smoothed. +inf if a label's logit is -inf: the classifier called it impossible.
double nll(const Predictions& predictions, double temperature = 1);
double nll(const RowSubset& predictions, const Calibrator& calibrator);

// mean_i sum_k (p_{i,k} - [k = y_i])^2, in 0..2 (Brier 1950; for K = 2 it is twice the form for one class).
double brier(const Predictions& predictions, double temperature = 1);
double brier(const RowSubset& predictions, const Calibrator& calibrator);

// (1/K) sum_k sum_b n_{k,b} / N |frequency of label k in bin b - mean p_k in bin b|, bin b of class k = the samples whose p_k lies there,
// by the same bin rule (Kull et al., "Beyond temperature scaling", NeurIPS 2019, classwise-ECE). At large K it is small whatever the model
// does, as most p_k are near 0: compare it only at equal K.
double classwise_ece(const Predictions& predictions, double temperature = 1, Index bins = kBins);

}  // namespace temper::calibration
