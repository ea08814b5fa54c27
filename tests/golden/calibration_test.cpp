// Metrics and calibrators held to NumPy, SciPy and scikit-learn: numbers made by tests/golden/calibration.py.

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/base/json.h"
#include "models/calibration/calibrators/ensemble.h"
#include "models/calibration/calibrators/histogram_isotonic.h"
#include "models/calibration/calibrators/linear.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/metrics/calibration_error.h"
#include "models/calibration/metrics/conformal.h"
#include "models/calibration/metrics/metrics.h"
#include "models/calibration/metrics/selective.h"
#include "models/calibration/softmax.h"
#include "models/calibration/study/prediction_files.h"

namespace temper::calibration {
namespace {

const std::string kGolden = TEMPER_SOURCE_DIR "/tests/golden/calibration";

const Predictions& golden_data() {
  static const Predictions data = read_predictions({.logits = kGolden + "_logits.npy", .labels = kGolden + "_labels.npy"});
  return data;
}

const Json& golden() {
  static const Json json = Json::parse(read_file(kGolden + ".json"));
  return json;
}

bool near(double a, double b, double tolerance = 1e-9) { return std::abs(a - b) <= tolerance; }

void check_metrics(const Metrics& m, const Json& expected, double tolerance = 1e-9) {
  struct Metric {
    const char* name;
    double value;
  };
  const std::vector<Metric> found = {{"accuracy", m.accuracy},
                                     {"nll", m.nll},
                                     {"brier", m.brier},
                                     {"ece", m.ece},
                                     {"mce", m.mce},
                                     {"debiased_ece", m.debiased_ece},
                                     {"classwise_ece", m.classwise_ece},
                                     {"brier_reliability", m.brier_reliability},
                                     {"brier_resolution", m.brier_resolution},
                                     {"brier_uncertainty", m.brier_uncertainty},
                                     {"aurc", m.aurc},
                                     {"auroc", m.auroc},
                                     {"smooth_ece", m.smooth_ece},
                                     {"ace", m.ace}};
  CHECK(found.size() == expected.size());
  for (const Metric& metric : found) {
    CAPTURE(metric.name);
    CAPTURE(metric.value);
    CHECK(near(metric.value, expected.at(metric.name).get<double>(), tolerance));
  }
}

std::vector<double> probabilities_of(const Calibrator& calibrator, Index sample) {
  std::vector<double> p(static_cast<std::size_t>(golden_data().classes));
  calibrator.apply(golden_data().row(sample), p);
  softmax(std::span<const double>(p), 1, p);
  return p;
}

double penalty(const Calibrator& calibrator, double odir) {
  const Parameters parameters = calibrator.parameters();
  const std::vector<double>&weights = parameters.at("weights"), &bias = parameters.at("bias");
  const std::size_t k = bias.size();
  double sum = 0;
  for (std::size_t i = 0; i < weights.size(); ++i)
    if (i % (k + 1) != 0) sum += weights[i] * weights[i] / static_cast<double>(k * (k - 1));
  for (const double b : bias) sum += b * b / static_cast<double>(k);
  return odir * sum;
}

const FitOptions kExact{.odir = 0.01, .tolerance = 1e-12, .most_steps = 5000};

TEST_CASE("calibration golden: every metric, before and at the best temperature") {
  check_metrics(metrics(golden_data()), golden().at("before"));
  const Temperature t = Temperature::fit(golden_data());
  CHECK(near(t.value, golden().at("temperature").get<double>()));
  check_metrics(metrics(golden_data(), t.value), golden().at("at_temperature"));
  CHECK(near(metrics(golden_data()).smooth_ece, golden().at("smooth_ece_without_mesh").get<double>(), 1e-7));
}

TEST_CASE("calibration golden: vector, matrix and Dirichlet scaling reach SciPy's minima") {
  const Fitted vector = fit(kVector, golden_data(), kExact);
  CHECK(vector.status == Status::converged);
  CHECK(near(nll(golden_data(), *vector.calibrator), golden().at("vector_nll").get<double>(), 1e-11));
  check_metrics(metrics(golden_data(), *vector.calibrator), golden().at("vector"));
  for (const CalibratorKind* kind : {&kMatrix, &kDirichlet}) {
    const std::string name(kind->name);
    const Fitted fitted = fit(*kind, golden_data(), kExact);
    CHECK(fitted.status == Status::converged);
    CHECK(near(nll(golden_data(), *fitted.calibrator) + penalty(*fitted.calibrator, 0.01), golden().at(name + "_objective").get<double>(),
               1e-11));
    check_metrics(metrics(golden_data(), *fitted.calibrator), golden().at(name));
    const std::vector<double> row = probabilities_of(*fitted.calibrator, 0), expected = golden().at(name + "_row");
    for (std::size_t k = 0; k < row.size(); ++k) CHECK(near(row[k], expected[k]));
  }
  const std::vector<double> row = probabilities_of(*vector.calibrator, 0), expected = golden().at("vector_row");
  for (std::size_t k = 0; k < row.size(); ++k) CHECK(near(row[k], expected[k]));
}

TEST_CASE("calibration golden: a matrix without a penalty is scikit-learn's multinomial logistic regression") {
  const Fitted fitted = fit(kMatrix, golden_data(), {.odir = 0, .tolerance = 1e-10});
  CHECK(fitted.status == Status::converged);
  CHECK(near(nll(golden_data(), *fitted.calibrator), golden().at("matrix_unpenalised_nll").get<double>(), 1e-8));  // its own tolerance
}

TEST_CASE("calibration golden: ensemble temperature reaches SciPy's minimum on the simplex") {
  const Fitted fitted = fit(kEnsemble, golden_data());
  CHECK(fitted.status == Status::converged);
  const double value = nll(golden_data(), *fitted.calibrator), expected = golden().at("ensemble_nll").get<double>();
  CHECK(near(value, expected));
  CHECK(value <= expected + 1e-13);  // SLSQP is the less exact of the two
}

TEST_CASE("calibration golden: histogram binning and scikit-learn's isotonic regression") {
  for (const CalibratorKind* kind : {&kHistogram, &kIsotonic}) {
    const Fitted fitted = fit(*kind, golden_data());
    const auto expected = golden().at(std::string(kind->name)).get<std::vector<std::vector<double>>>();
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::vector<double> p = probabilities_of(*fitted.calibrator, static_cast<Index>(i));
      for (std::size_t k = 0; k < p.size(); ++k) CHECK(near(p[k], expected[i][k]));
    }
  }
  // Between the knots: logits 0.9 z + 0.1, rounded to float.
  Predictions other = golden_data();
  for (float& logit : other.logits) logit = static_cast<float>(0.9 * static_cast<double>(logit) + 0.1);
  const Fitted isotonic = fit(kIsotonic, golden_data());
  const auto expected = golden().at("isotonic_new").get<std::vector<std::vector<double>>>();
  std::vector<double> p(5);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    isotonic.calibrator->apply(other.row(static_cast<Index>(i)), p);
    softmax(std::span<const double>(p), 1, p);
    for (std::size_t k = 0; k < p.size(); ++k) CHECK(near(p[k], expected[i][k]));
  }
}

TEST_CASE("calibration golden: p-norm, energy, margin and the conformal threshold") {
  const std::vector<double> norms = Selector{.score = Score::p_norm, .p = 3}(golden_data()),
                            energies = Selector{.score = Score::energy}(golden_data()),
                            margins = Selector{.score = Score::margin}(golden_data());
  const std::vector<double> expected_norms = golden().at("p_norm_3"), expected_energies = golden().at("energy"),
                            expected_margins = golden().at("margin");
  for (std::size_t i = 0; i < expected_norms.size(); ++i) {
    CHECK(near(norms[i], expected_norms[i]));
    CHECK(near(energies[i], expected_energies[i]));
    CHECK(near(margins[i], expected_margins[i]));
  }
  const Conformal sets = Conformal::fit(SetKind::threshold, golden_data(), *identity_calibrator(), {.alpha = 0.1});
  CHECK(near(sets.threshold(), golden().at("conformal_threshold").get<double>()));
}

}  // namespace
}  // namespace temper::calibration
