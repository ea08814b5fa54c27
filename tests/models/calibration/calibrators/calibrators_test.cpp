#include "models/calibration/calibrators/calibrators.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "core/base/random.h"
#include "models/calibration/calibrators/ensemble.h"
#include "models/calibration/calibrators/histogram_isotonic.h"
#include "models/calibration/calibrators/linear.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/metrics/metrics.h"
#include "models/calibration/softmax.h"
#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

using reference::kInf;

std::vector<double> calibrated(const Calibrator& calibrator, std::vector<float> logits) {
  std::vector<double> p(logits.size());
  calibrator.apply(logits, p);
  softmax(std::span<const double>(p), 1, p);
  return p;
}

double sum_of(const std::vector<double>& p) {
  double sum = 0;
  for (const double value : p) sum += value;
  return sum;
}

TEST_CASE("calibrators: rows of every kind sum to 1 within 1e-12, on the data fitted and on others") {
  for (const Index classes : {2, 3, 10}) {
    const Predictions data = reference::random_predictions(5, 300, classes, 4), other = reference::random_predictions(6, 300, classes, 20);
    for (const CalibratorKind* kind : calibrator_kinds()) {
      CAPTURE(kind->name);
      const Fitted fitted = fit(*kind, data);
      for (const Predictions* set : {&data, &other})
        for (Index i = 0; i < set->size(); ++i) {
          const std::vector<double> p = calibrated(*fitted.calibrator, {set->row(i).begin(), set->row(i).end()});
          REQUIRE(std::abs(sum_of(p) - 1) <= 1e-12);
          for (const double value : p) REQUIRE((value >= 0 && value <= 1));
        }
    }
  }
}

TEST_CASE("calibrators: the NLL fitted never rises, and temperature and ensemble never change the predicted class") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const Predictions data = reference::random_predictions(seed, 200, 2 + static_cast<Index>(seed % 4), 0.3 + static_cast<double>(seed));
    const double before = nll(data);
    for (const CalibratorKind* kind : {&kTemperature, &kEnsemble, &kVector, &kMatrix, &kDirichlet}) {
      CAPTURE(kind->name);
      const Fitted fitted = fit(*kind, data, {.odir = 1e-6});
      CHECK(nll(data, *fitted.calibrator) <= before + 1e-9);
      CHECK(fitted.status != Status::not_converged);
      if (kind != &kTemperature && kind != &kEnsemble) continue;
      for (Index i = 0; i < data.size(); ++i) {
        const std::vector<double> p = calibrated(*fitted.calibrator, {data.row(i).begin(), data.row(i).end()});
        REQUIRE(p[static_cast<std::size_t>(argmax(data.row(i)))] == *std::max_element(p.begin(), p.end()));
      }
    }
    for (const CalibratorKind* kind : {&kHistogram, &kIsotonic}) CHECK(fit(*kind, data).status == Status::converged);
  }
}

TEST_CASE("calibrators: a fit does not depend on the order of the samples") {
  const Predictions data = reference::random_predictions(31, 500, 4, 3), other = reference::shuffled(data, 9);
  for (const CalibratorKind* kind : calibrator_kinds()) {
    CAPTURE(kind->name);
    const FitOptions options{.odir = 0.1, .tolerance = 1e-11};
    const Fitted a = fit(*kind, data, options), b = fit(*kind, other, options);
    for (Index i = 0; i < 50; ++i) {
      const std::vector<float> row(data.row(i).begin(), data.row(i).end());
      const std::vector<double> p = calibrated(*a.calibrator, row), q = calibrated(*b.calibrator, row);
      for (std::size_t k = 0; k < p.size(); ++k) CHECK(std::abs(p[k] - q[k]) <= 1e-8);
    }
  }
}

TEST_CASE("calibrators: a start saves steps and changes nothing") {
  const Predictions data = reference::random_predictions(17, 400, 3, 3);
  std::vector<Index> rows;
  for (Index i = 0; i < 300; ++i) rows.push_back(i);
  for (const CalibratorKind* kind : calibrator_kinds()) {
    CAPTURE(kind->name);
    const FitOptions options{.odir = 0.05, .tolerance = 1e-11};
    const Fitted whole = fit(*kind, data, options);
    const RowSubset part(data, rows);
    const double cold = nll(part, *fit(*kind, part, options).calibrator), warm = nll(part, *fit(*kind, part, options, &whole).calibrator);
    CHECK((cold == warm || std::abs(cold - warm) <= 1e-10));
  }
}

TEST_CASE("calibrators: parameters make the same calibrator again, and wrong ones are refused by name") {
  const Predictions data = reference::random_predictions(3, 200, 3, 3);
  for (const CalibratorKind* kind : calibrator_kinds()) {
    CAPTURE(kind->name);
    CHECK(&calibrator_kind(kind->name) == kind);
    const Fitted fitted = fit(*kind, data);
    const Parameters parameters = fitted.calibrator->parameters();
    const auto again = make_calibrator(*kind, 3, parameters);
    for (Index i = 0; i < data.size(); ++i) {
      const std::vector<float> row(data.row(i).begin(), data.row(i).end());
      REQUIRE(calibrated(*again, row) == calibrated(*fitted.calibrator, row));
    }
    for (const auto& [name, values] : parameters) {
      Parameters missing = parameters, longer = parameters, absurd = parameters;
      missing.erase(name);
      longer[name].push_back(0.5);
      absurd[name][0] = std::numeric_limits<double>::quiet_NaN();
      CHECK_THROWS_AS(make_calibrator(*kind, 3, missing), Error);
      CHECK_THROWS_AS(make_calibrator(*kind, 3, longer), Error);
      CHECK_THROWS_AS(make_calibrator(*kind, 3, absurd), Error);
    }
  }
  CHECK_THROWS_WITH_AS(calibrator_kind("magic"), doctest::Contains("give one of temperature"), Error);
  CHECK_THROWS_AS(make_calibrator(kTemperature, 3, {{"temperature", {-1.8}}}), Error);
  CHECK_THROWS_AS(make_calibrator(kEnsemble, 3, {{"temperature", {1}}, {"weights", {0.5, 0.6, 0.1}}}), Error);
  CHECK_THROWS_AS(make_calibrator(kIsotonic, 1, {{"knots", {2}}, {"p", {0.5, 0.2}}, {"value", {0, 1}}}), Error);
}

TEST_CASE("calibrators: histogram binning of an all-zero row keeps the row (case S5)") {
  const auto logs = [](double a, double b, double c) {
    return std::vector<float>{static_cast<float>(std::log(a)), static_cast<float>(std::log(b)), static_cast<float>(std::log(c))};
  };
  Predictions data{3, {}, {0, 1, 2}};
  for (const auto& row : {logs(.9, .05, .05), logs(.05, .9, .05), logs(.05, .05, .9)})
    data.logits.insert(data.logits.end(), row.begin(), row.end());
  const HistogramCalibrator histogram = HistogramCalibrator::fit(data, 2);
  const std::vector<double> p = calibrated(histogram, logs(.34, .33, .33));
  CHECK(p[0] == doctest::Approx(.34).epsilon(1e-6));
  CHECK(p[1] == doctest::Approx(.33).epsilon(1e-6));
  CHECK(sum_of(p) == doctest::Approx(1).epsilon(1e-12));
  CHECK(calibrated(histogram, logs(.9, .05, .05)) == std::vector<double>{1, 0, 0});
}

TEST_CASE(
    "calibrators: matrix and Dirichlet scaling of collinear features with a far mean get far in few steps, with own and with shared "
    "curvature") {
  for (const Index classes : {12, 257}) {
    // Three numbers a sample make all logits but for a little noise, and all of them are shifted far from 0.
    const Random random(9, {static_cast<std::uint64_t>(classes)});
    Predictions data{.classes = classes, .logits = {}, .labels = {}};
    for (std::uint64_t i = 0; i < 600; ++i) {
      data.labels.push_back(static_cast<std::int32_t>(random.below(1000 * i, static_cast<std::uint32_t>(classes))));
      for (Index k = 0; k < classes; ++k) {
        double logit = 40 + 0.1 * random.normal(1000 * i + 10 + static_cast<std::uint64_t>(k)) + (k == data.labels.back() ? 1.5 : 0);
        for (std::uint64_t f = 0; f < 3; ++f)
          logit += random.normal(1000 * i + 1 + f) * std::cos(static_cast<double>(k) * static_cast<double>(f + 1));
        data.logits.push_back(static_cast<float>(logit));
      }
    }
    for (const CalibratorKind* kind : {&kMatrix, &kDirichlet}) {
      CAPTURE(classes);
      CAPTURE(kind->name);
      const bool own = classes == 12;
      const Fitted fitted = fit(*kind, data, {.odir = 1, .most_steps = own ? 100 : 40});
      CHECK(fitted.status == (own ? Status::converged : Status::not_converged));
      CHECK(nll(data, *fitted.calibrator) < (own ? 0.9 : 0.3) * nll(data));
    }
  }
}

TEST_CASE("calibrators: isotonic levels by hand") {
  using Knots = std::vector<IsotonicCalibrator::Knot>;
  const auto same = [](const Knots& a, const std::vector<std::pair<double, double>>& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a[i].p != b[i].first || a[i].value != b[i].second) return false;
    return true;
  };
  const auto knots = [](const std::vector<std::pair<double, double>>& points) { return isotonic_knots(points); };
  CHECK(same(knots({{.1, 0}, {.2, 1}, {.3, 0}, {.4, 1}}), {{.1, 0}, {.2, .5}, {.3, .5}, {.4, 1}}));
  CHECK(same(knots({{.1, 1}, {.2, 0}, {.3, 0}}), {{.1, 1. / 3}, {.3, 1. / 3}}));
  CHECK(same(knots({{.5, 0}, {.5, 1}, {.5, 1}, {.6, 1}}), {{.5, 2. / 3}, {.6, 1}}));  // equal points are one
  CHECK(same(knots({{.7, 1}}), {{.7, 1}}));
}

TEST_CASE("calibrators: the mixture of a network that is not sure enough is never worse than its temperature alone") {
  using Row = std::array<double, 3>;
  for (const double T : {0.5, 0.8, 0.95, 0.999}) {
    CAPTURE(T);
    for (const double wrong : {0.0, 0.003, 0.03}) {
      CAPTURE(wrong);
      std::vector<Row> rows;
      for (int i = 0; i < 5000; ++i) {
        const double right = 0.3 + 0.69 * (i * 37 % 5000) / 5000;
        const double p = i < 5000 * wrong ? (1 - right) / 9 : right;
        rows.push_back({std::pow(p, 1 / T) / (std::pow(p, 1 / T) + 9 * std::pow((1 - p) / 9, 1 / T)), p, 0.1});
      }
      const MixtureFit fit = fit_mixture(rows);
      CHECK(fit.converged);
      double mixture = 0, corner = 0;
      for (const Row& row : rows) {
        mixture -= std::log(fit.weights[0] * row[0] + fit.weights[1] * row[1] + fit.weights[2] * row[2]);
        corner -= std::log(row[0]);
      }
      CHECK(mixture <= corner + 1e-6);
    }
  }
}

TEST_CASE("calibrators: the weights of a mixture, at corners, on edges and inside") {
  using Row = std::array<double, 3>;
  CHECK(fit_mixture(std::vector<Row>{{.5, .4, .1}, {.9, .3, .1}}).weights[0] == doctest::Approx(1));
  // Two rows that want different densities alike: -log(a) - log(b) with a + b = 1.
  const MixtureFit edge = fit_mixture(std::vector<Row>{{1, 0, .1}, {0, 1, .1}});
  CHECK(edge.converged);
  CHECK(edge.weights[0] == doctest::Approx(.5));
  CHECK(edge.weights[2] == doctest::Approx(0));
  const MixtureFit inside = fit_mixture(std::vector<Row>{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 1}});
  CHECK(inside.converged);
  CHECK(inside.weights[2] == doctest::Approx(.5));
  const MixtureFit same = fit_mixture(std::vector<Row>{{.3, .3, .3}, {.4, .4, .2}});  // T = 1: the first two are one
  CHECK(same.converged);
  CHECK(same.weights[0] + same.weights[1] == doctest::Approx(1));
}

TEST_CASE("calibrators: impossible classes, ties, one class, one sample and missing classes have defined results") {
  const std::vector<Predictions> sets = {
      {3, {5, 1, -kInf, -kInf, 0, 1, 2, 2, 2}, {0, 2, 1}}, {2, {1, 0}, {0}},       {1, {3, -5}, {0, 0}},
      {3, {0, -kInf, -kInf, -kInf, 9, -kInf}, {0, 1}},     {4, {1, 2, 3, 4}, {1}}, {2, {0, 0, 0, 0}, {0, 1}},
      {3, {300, -300, 0, 1e30f, -1e30f, 1}, {0, 1}},       {2, {0, -kInf}, {1}}};
  for (const Predictions& data : sets)
    for (const CalibratorKind* kind : calibrator_kinds()) {
      CAPTURE(kind->name);
      CAPTURE(data.classes);
      const Fitted fitted = fit(*kind, data, {.odir = 0.1});
      for (Index i = 0; i < data.size(); ++i) {
        const std::vector<double> p = calibrated(*fitted.calibrator, {data.row(i).begin(), data.row(i).end()});
        REQUIRE(std::abs(sum_of(p) - 1) <= 1e-12);
      }
    }
}

TEST_CASE("calibrators: data without a mistake end with a status, at finite parameters") {
  const Predictions perfect = reference::random_predictions(4, 200, 3, 1, 30);
  for (const CalibratorKind* kind : calibrator_kinds()) {
    const Fitted fitted = fit(*kind, perfect);
    CHECK(accuracy(apply(*fitted.calibrator, perfect)) == 1);
    for (const auto& [name, values] : fitted.calibrator->parameters())
      for (const double value : values) CHECK(std::isfinite(value));
  }
}

TEST_CASE("calibrators: applied predictions say as floats what the calibrator says in double") {
  const Predictions data = reference::random_predictions(8, 300, 5, 3);
  for (const CalibratorKind* kind : calibrator_kinds()) {
    CAPTURE(kind->name);
    const Fitted fitted = fit(*kind, data);
    const Metrics exact = metrics(data, *fitted.calibrator), floats = metrics(apply(*fitted.calibrator, data));
    CHECK(floats.accuracy == exact.accuracy);
    CHECK(floats.brier == doctest::Approx(exact.brier).epsilon(1e-6));
    CHECK((floats.nll == exact.nll || floats.nll == doctest::Approx(exact.nll).epsilon(1e-6)));
  }
}

// A program's own kind: whatever it is fitted on, every logit is halved.
const CalibratorKind kHalf{.name = "half",
                           .description = "z / 2",
                           .judged_by = ProperScore::brier,
                           .fit = [](const RowSubset&, const FitOptions&, const Calibrator*) -> Fitted {
                             return {.calibrator = std::make_shared<TemperatureCalibrator>(2)};
                           },
                           .make = kTemperature.make};

TEST_CASE("calibrators: a program's own kind is fitted as ours are, and known by its name once it is registered") {
  const Predictions data = reference::random_predictions(3, 200, 3, 3);
  const Fitted fitted = fit(kHalf, data);
  CHECK(fitted.kind == &kHalf);
  CHECK(nll(data, *fitted.calibrator) == nll(data, 2));
  CHECK(fitted_temperature(fitted) == std::nullopt);  // it is no temperature scaling
  const std::size_t before = calibrator_kinds().size();
  CHECK_THROWS_WITH_AS(calibrator_kind("half"),
                       "half is not known; give one of temperature, ensemble, vector, matrix, dirichlet, "
                       "histogram, isotonic",
                       Error);
  register_calibrator(kHalf);
  CHECK(&calibrator_kind("half") == &kHalf);
  CHECK(calibrator_kinds().size() == before + 1);
  CHECK_THROWS_WITH_AS(register_calibrator(kHalf), doctest::Contains("there is already one called half"), Error);
}

TEST_CASE("calibrators: the temperature of a fit, of the identity that was kept, and of another kind") {
  const Predictions data = reference::random_predictions(3, 200, 3, 3);
  CHECK(fitted_temperature(fit(kTemperature, data)) == Temperature::fit(data).value);
  CHECK(fitted_temperature({.kind = &kTemperature, .calibrator = identity_calibrator(), .status = Status::kept_identity}) == 1);
  CHECK(fitted_temperature(fit(kEnsemble, data)) == std::nullopt);
}

}  // namespace
}  // namespace temper::calibration
