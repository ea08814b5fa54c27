// RunRecord: what a finished run left in its folder, as the report reads it. Fractions are 0..1; NaN means "not measured" or "not a finite
// number" (a diverged run writes null or nan), and the page shows a dash for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace temper::report {

inline constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

struct Metrics {
  std::int64_t samples = 0;  // N, the images measured on
  double accuracy = kNotANumber;
  double nll = kNotANumber;  // mean negative log-likelihood, nats
  double ece = kNotANumber;  // expected calibration error, 15 equal-width bins
  double mce = kNotANumber;
  double ace = kNotANumber;
  double classwise_ece = kNotANumber;
  double brier = kNotANumber;
  double aurc = kNotANumber;  // area under the risk-coverage curve
  double debiased_ece = kNotANumber, smooth_ece = kNotANumber, auroc = kNotANumber;
  double ece_lower = kNotANumber, ece_upper = kNotANumber;  // the ends of the ECE's 95 % interval
};

// The predictions whose confidence lies in (lower, upper].
struct ReliabilityBin {
  double lower = 0, upper = 0;
  std::int64_t count = 0;
  double confidence = kNotANumber;  // mean over the bin; NaN when count == 0
  double accuracy = kNotANumber;    // likewise
};

struct CurvePoint {
  double x = 0, y = 0;
};

// A row of log.csv.
struct EpochRecord {
  int epoch = 0;
  double learning_rate = kNotANumber;
  double train_loss = kNotANumber;  // the loss that was minimised: with smoothing or a teacher it is not the NLL
  double train_accuracy = kNotANumber;
  double val_nll = kNotANumber;
  double val_accuracy = kNotANumber;
  double val_ece = kNotANumber;
  double seconds = kNotANumber;
  double samples_per_second = kNotANumber;
};

struct Teacher {
  std::string run;  // the teacher's folder, as it was given
  std::string model;
  double smoothing = 0;
  double temperature = 1;  // the teacher's, while distilling
  double beta = 1;         // weight of the distillation term
  std::string form{};      // which distillation loss, where the run names it; so the next two
  double student_temperature = 0;
  std::string factor{};
  double equivalent_smoothing = kNotANumber;  // gamma
};

struct Calibration {
  std::string method;                // "temperature", ...
  double temperature = kNotANumber;  // NaN for a method without one
  std::string status;                // "converged", "at_lower_bound", "at_upper_bound", "kept_identity"
  std::string fitted_on;             // "val"
  std::int64_t samples = 0;          // how many it was fitted on
  Metrics before{}, after{};         // on data that it was not fitted on
  std::vector<ReliabilityBin> bins_before{}, bins_after{};
  std::string measured_on{};                            // "test", or "out of fold"
  std::vector<CurvePoint> risk_before{}, risk_after{};  // coverage, error among the samples answered
  std::vector<CurvePoint> nll_by_temperature{};
  std::vector<std::string> advice{};  // sentences
};

// Of a run that translates.
struct Translations {
  double bleu = kNotANumber;  // 0..100, of the test sentences
  std::string signature;      // what it was measured with
};

struct RunRecord {
  std::string name;     // last component of the folder
  std::string version;  // of temper
  std::string command;  // "train" or "distill"
  std::string created;  // UTC, "2026-11-25T02:00:00Z"
  std::string data;     // the data spec: "digits", "mnist:DIR", ...
  std::string model;
  double smoothing = 0;
  std::int64_t parameters = 0;
  double seconds = kNotANumber;
  std::optional<Teacher> teacher;
  Metrics val, test;
  std::optional<Translations> translations{};  // then the metrics are those of next words

  const char* unit() const { return translations ? "words" : "images"; }
  std::vector<ReliabilityBin> test_bins;
  std::optional<Calibration> calibration;
  std::vector<EpochRecord> log;                               // epochs ascending; empty when the run has no log
  std::vector<std::pair<std::string, std::string>> settings;  // name, value as text; in the order of run.json
  std::vector<std::pair<std::string, std::string>> machine;
};

// Reads run.json, and log.csv and calibrator.json where they exist. Throws Error, "<path>: <what>; <what to do>", when the folder or
// run.json is missing or a file is damaged.
RunRecord read_run_record(const std::filesystem::path& folder);

// Reads a calibrator.json by itself. Throws likewise.
Calibration read_calibration(const std::filesystem::path& file);

// The first epoch whose training loss or validation NLL is not a finite number.
std::optional<int> diverged_at(const RunRecord& run);

}  // namespace temper::report
