#include "models/calibration/study/prediction_files.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "data/tables/table.h"

namespace temper::calibration {
namespace {

constexpr double kSumTolerance = 1e-3;           // wide enough for half precision and for four printed decimals
constexpr Index kMostReserved = Index{1} << 28;  // numbers a file may claim before it has shown them

bool is_distribution(std::span<const double> row) {
  double sum = 0;
  for (const double value : row) {
    if (!(value >= 0 && value <= 1 + kExcess)) return false;
    sum += value;
  }
  return std::abs(sum - 1) <= kSumTolerance;
}

void check_probabilities(std::span<const double> row, Index sample, const std::string& file) {
  double sum = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    TEMPER_CHECK(row[k] >= 0 && row[k] <= 1 + kExcess, file, ": probability ", k, " of sample ", sample, " is ", row[k],
                 ", not in 0..1; if these are logits, leave out --probabilities");
    sum += row[k];
  }
  TEMPER_CHECK(std::abs(sum - 1) <= kSumTolerance, file, ": the probabilities of sample ", sample, " sum to ", sum,
               ", not to 1; give all classes of every sample");
}

// Appends a row as floats.
void narrow(std::span<const double> row, std::vector<float>& logits) {
  constexpr double kMost = std::numeric_limits<float>::max();
  const double max = *std::max_element(row.begin(), row.end());
  const float float_max = static_cast<float>(max);
  for (const double value : row) {
    const bool too_small = value < -kMost && std::isfinite(value);
    float logit = too_small ? std::numeric_limits<float>::lowest() : static_cast<float>(value);
    if (value < max && logit >= float_max) logit = std::nextafter(float_max, -std::numeric_limits<float>::infinity());
    logits.push_back(logit);
  }
}

std::vector<std::int32_t> read_labels(const std::string& path) {
  std::vector<std::int32_t> labels;
  data::RowSink sink;
  sink.begin = [&](Index rows, Index columns) {
    TEMPER_CHECK(columns == 1, path, ": ", columns, " numbers a row; labels are one class number a sample, counted from 0");
    labels.reserve(static_cast<std::size_t>(std::clamp<Index>(rows, 0, kMostReserved)));
  };
  sink.row = [&](Index sample, std::span<const double> values) {
    const double label = values[0];
    TEMPER_CHECK(label == std::floor(label) && label >= 0 && label < 0x1p31, path, ": label ", label, " of sample ", sample,
                 " is no class number; labels are whole and count from 0");
    labels.push_back(static_cast<std::int32_t>(label));
  };
  data::read_table(path, sink);
  return labels;
}

class LogitReader {
 public:
  LogitReader(const PredictionFiles& files, Predictions& result) : files_(files), result_(result) {}

  void begin(Index rows, Index columns) {
    TEMPER_CHECK(columns >= 2, files_.logits, ": one number a row; logits are one number a class, so at least two");
    const bool labelled = !files_.labels.empty();
    TEMPER_CHECK(rows < 0 || !labelled || rows == result_.size(), files_.logits, ": ", rows, " rows of logits, but ", files_.labels,
                 " has ", result_.size(), " labels; every sample needs both");
    result_.classes = columns;
    const Index samples = std::max<Index>(1, labelled ? result_.size() : rows);
    const Index expected = columns <= kMostReserved / samples ? columns * samples : kMostReserved;
    result_.logits.reserve(static_cast<std::size_t>(expected));
  }

  void row(Index sample, std::span<const double> values) {
    if (files_.probabilities) {
      check_probabilities(values, sample, files_.logits);
      double sum = 0;
      for (const double p : values) sum += p;
      row_.assign(values.begin(), values.end());
      for (double& p : row_) p = std::log(p / sum);
      narrow(row_, result_.logits);
      return;
    }
    distributions_ += distributions_ == sample && is_distribution(values) ? 1 : 0;
    narrow(values, result_.logits);
  }

  // How many rows from the first on are distributions.
  Index distributions() const { return distributions_; }

 private:
  const PredictionFiles& files_;
  Predictions& result_;
  std::vector<double> row_;
  Index distributions_ = 0;
};

// Which file to look at when check(Predictions) would only name the sample.
void check_labels(const Predictions& predictions, const PredictionFiles& files) {
  const auto [least, most] = std::minmax_element(predictions.labels.begin(), predictions.labels.end());
  const bool from_one = *least == 1 && *most == predictions.classes;
  TEMPER_CHECK(*most < predictions.classes, files.labels, ": label ", *most, " of sample ", most - predictions.labels.begin(),
               " is outside 0..", predictions.classes - 1, ", the classes of ", files.logits,
               from_one ? "; these labels seem to count from 1: subtract 1" : "; labels count from 0");
}

// Fills in the logits of predictions that have their labels, where files.labels names any.
Predictions with_logits(const PredictionFiles& files, Predictions result) {
  LogitReader reader(files, result);
  data::RowSink sink;
  sink.begin = [&](Index rows, Index columns) { reader.begin(rows, columns); };
  sink.row = [&](Index sample, std::span<const double> values) { reader.row(sample, values); };
  data::read_table(files.logits, sink);
  const auto rows = static_cast<Index>(result.logits.size()) / result.classes;
  if (files.labels.empty()) result.labels.assign(static_cast<std::size_t>(rows), 0);
  TEMPER_CHECK(rows == result.size(), files.logits, ": ", rows, " rows of logits, but ", files.labels, " has ", result.size(),
               " labels; every sample needs both");
  TEMPER_CHECK(files.probabilities || reader.distributions() < rows, files.logits,
               ": every row lies in 0..1 and sums to 1, so these look like probabilities, and a softmax of probabilities is wrong; add "
               "--probabilities");
  check_labels(result, files);
  try {
    check(result);
  } catch (const Error& error) {
    throw Error(str_cat(files.logits, ": ", error.what()));
  }
  return result;
}

}  // namespace

Predictions read_predictions(const PredictionFiles& files) {
  Predictions result;
  if (!files.labels.empty()) result.labels = read_labels(files.labels);
  return with_logits(files, std::move(result));
}

Predictions read_logits(const std::string& logits_file, bool probabilities, std::vector<std::int32_t> labels, const std::string& labelled) {
  return with_logits({logits_file, labelled, probabilities}, {.labels = std::move(labels)});
}

}  // namespace temper::calibration
