#include "models/calibration/calibrators/linear.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/base/random.h"
#include "models/calibration/folds.h"
#include "models/calibration/metrics/metrics.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using reference::Real;
constexpr LinearForm kForms[] = {LinearForm::vector, LinearForm::matrix, LinearForm::dirichlet};

// The logits, or their log-probabilities.
std::vector<Real> features(LinearForm form, std::span<const float> row) {
  const std::vector<Real> p = reference::softmax(row, 1);
  std::vector<Real> x;
  for (std::size_t k = 0; k < row.size(); ++k) x.push_back(form == LinearForm::dirichlet ? std::log(p[k]) : static_cast<Real>(row[k]));
  return x;
}

std::vector<double> some_numbers(std::size_t count, std::uint64_t stream) {
  const Random random(3, {stream});
  std::vector<double> numbers;
  for (std::size_t i = 0; i < count; ++i) numbers.push_back(0.5 * random.normal(i));
  return numbers;
}

TEST_CASE("linear: calibrated logits are W x + b, for every form") {
  constexpr std::size_t K = 5;
  const Predictions data = reference::random_predictions(4, 20, K, 2);
  for (const LinearForm form : kForms) {
    const std::vector<double> weights = some_numbers(form == LinearForm::vector ? K : K * K, 1), bias = some_numbers(K, 2);
    const LinearCalibrator calibrator(form, weights, bias);
    for (Index i = 0; i < data.size(); ++i) {
      const std::vector<Real> x = features(form, data.row(i));
      std::vector<double> calibrated(K);
      calibrator.apply(data.row(i), calibrated);
      for (std::size_t k = 0; k < K; ++k) {
        Real expected = static_cast<Real>(bias[k]);
        for (std::size_t j = 0; j < K; ++j) {
          if (form != LinearForm::vector) expected += static_cast<Real>(weights[k * K + j]) * x[j];
          if (form == LinearForm::vector && j == k) expected += static_cast<Real>(weights[k]) * x[k];
        }
        CHECK(calibrated[k] == doctest::Approx(static_cast<double>(expected)).epsilon(1e-12));
      }
    }
  }
}

// The mean NLL and the penalty, of parameters as the solver has them.
Real definition(LinearForm form, const Predictions& data, double scale, double odir, std::span<const double> parameters) {
  const auto K = static_cast<std::size_t>(data.classes);
  const bool full = form != LinearForm::vector;
  const Real s = static_cast<Real>(scale), classes = static_cast<Real>(K);
  Real sum = 0;
  for (Index i = 0; i < data.size(); ++i) {
    const std::vector<Real> x = features(form, data.row(i));
    std::vector<Real> z(K);
    Real total = 0;
    for (std::size_t k = 0; k < K; ++k) {
      z[k] = static_cast<Real>(parameters[(full ? K : 1) * K + k]);
      for (std::size_t j = 0; j < K; ++j) {
        if (full) z[k] += static_cast<Real>(parameters[j * K + k]) * s * x[j];
        if (!full && j == k) z[k] += static_cast<Real>(parameters[k]) * s * x[k];
      }
      total += std::exp(z[k]);
    }
    sum += std::log(total) - z[data.label(i)];
  }
  Real penalty = 0;
  for (std::size_t j = 0; full && j <= K; ++j) {
    for (std::size_t k = 0; k < K; ++k) {
      const Real value = static_cast<Real>(parameters[j * K + k]);
      if (j == K) penalty += value * value / classes;
      if (j < K && j != k) penalty += s * s * value * value / (classes * (classes - 1));
    }
  }
  return sum / static_cast<Real>(data.size()) + static_cast<Real>(odir) * penalty;
}

TEST_CASE("linear: the objective and its gradient are those of the definition, over several blocks of rows, in one chunk and in three") {
  const Predictions data = reference::random_predictions(8, 130, 3, 1);
  const RowSubset all(data);
  for (const LinearForm form : kForms) {
    const std::size_t size = form == LinearForm::vector ? 6 : 12;
    const std::vector<double> parameters = some_numbers(size, 5);
    for (const double odir : {0.0, 0.7}) {
      const LinearNll objective(form, all, 0.8, odir);
      for (const Index grain : {1000, 50}) {
        CAPTURE(static_cast<int>(form));
        CAPTURE(odir);
        CAPTURE(grain);
        const ForcedGrain forced(grain);
        std::vector<double> gradient(size, 1e9);
        CHECK(objective(parameters, gradient) ==
              doctest::Approx(static_cast<double>(definition(form, data, 0.8, odir, parameters))).epsilon(1e-13));
        for (std::size_t i = 0; i < size; ++i) {
          constexpr double kStep = 1e-5;
          std::vector<double> above = parameters, below = parameters;
          above[i] += kStep;
          below[i] -= kStep;
          const Real slope = (definition(form, data, 0.8, odir, above) - definition(form, data, 0.8, odir, below)) / (2 * kStep);
          CHECK(std::abs(gradient[i] - static_cast<double>(slope)) < 1e-9);
        }
      }
    }
  }
}

// With the rows of folds.h, number 2, in five.
TEST_CASE("linear: without a penalty given, the first one is taken after which a weaker one does worse on the last fifth of the rows") {
  const Predictions data = reference::random_predictions(21, 120, 4, 1.5);
  const Folds folds(data, 5, 2);
  const std::vector<Index> most = folds.training_rows(0);
  for (const CalibratorKind* kind : {&kMatrix, &kDirichlet}) {
    double best = 0, least = std::numeric_limits<double>::infinity();
    for (const double odir : {100.0, 10.0, 1.0, 0.1, 0.01, 0.001}) {
      const Fitted fitted = fit(*kind, RowSubset(data, most), {.odir = odir});
      const double value = nll(RowSubset(data, folds.held_out(0)), *fitted.calibrator);
      if (value >= least) break;
      best = odir, least = value;
    }
    CAPTURE(best);
    CHECK(best > 0.001);  // or nothing is decided
    const Parameters chosen = fit(*kind, data).calibrator->parameters(), given = fit(*kind, data, {.odir = best}).calibrator->parameters();
    for (const char* name : {"weights", "bias"})
      for (std::size_t i = 0; i < chosen.at(name).size(); ++i)
        CHECK(chosen.at(name)[i] == doctest::Approx(given.at(name)[i]).epsilon(1e-12));
  }
}

}  // namespace
}  // namespace temper::calibration
