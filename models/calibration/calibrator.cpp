#include "models/calibration/calibrator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "core/check.h"
#include "models/calibration/calibrators/ensemble.h"
#include "models/calibration/calibrators/histogram_isotonic.h"
#include "models/calibration/calibrators/linear.h"
#include "models/calibration/calibrators/temperature.h"

namespace temper::calibration {
namespace {

constexpr std::array<std::pair<Method, std::string_view>, 7> kMethodNames{{{Method::temperature, "temperature"},
                                                                           {Method::ensemble, "ensemble"},
                                                                           {Method::vector, "vector"},
                                                                           {Method::matrix, "matrix"},
                                                                           {Method::dirichlet, "dirichlet"},
                                                                           {Method::histogram, "histogram"},
                                                                           {Method::isotonic, "isotonic"}}};

class Identity : public Calibrator {
 public:
  Parameters parameters() const override { return {}; }
  void apply(std::span<const float> logits, std::span<double> calibrated) const override {
    for (std::size_t k = 0; k < logits.size(); ++k) calibrated[k] = static_cast<double>(logits[k]);
  }
};

const std::vector<double>& find(const Parameters& parameters, const char* name, Index count) {
  const auto found = parameters.find(name);
  TEMPER_CHECK(found != parameters.end(), name, ": it is missing; calibrate again");
  TEMPER_CHECK(count < 0 || static_cast<Index>(found->second.size()) == count, name, ": ", found->second.size(),
               " numbers where there must be ", count, "; calibrate again");
  return found->second;
}

// Calibrated logits as floats, less their largest. In float, a class below the largest stays below it.
void narrow(std::span<const double> calibrated, std::span<float> out) {
  constexpr double kLeast = std::numeric_limits<float>::min(), kMost = std::numeric_limits<float>::max();
  const double max = *std::max_element(calibrated.begin(), calibrated.end());
  for (std::size_t k = 0; k < out.size(); ++k) {
    const double below = calibrated[k] - max;
    out[k] = static_cast<float>(std::isfinite(below) && below < 0 ? std::clamp(below, -kMost, -kLeast) : below);
  }
}

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& [value, name] : kMethodNames)
    if (value == method) return name;
  throw Error("method: a calibrator that does not exist");
}

Method method_of(std::string_view name) {
  std::string known;
  for (const auto& [value, known_name] : kMethodNames) {
    if (known_name == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(known_name);
  }
  throw Error(concat("--method: ", name, " is not known; give one of ", known));
}

std::unique_ptr<const Calibrator> make_calibrator(Method method, Index classes, const Parameters& parameters) {
  TEMPER_CHECK(classes >= 1, "classes: ", classes, " classes; there must be at least one");
  switch (method) {
    case Method::temperature:
      return std::make_unique<TemperatureCalibrator>(find(parameters, "temperature", 1)[0]);
    case Method::ensemble: {
      const std::vector<double>& w = find(parameters, "weights", 3);
      return std::make_unique<EnsembleCalibrator>(find(parameters, "temperature", 1)[0], EnsembleCalibrator::Weights{w[0], w[1], w[2]});
    }
    case Method::vector:
    case Method::matrix:
    case Method::dirichlet:
      return std::make_unique<LinearCalibrator>(method, find(parameters, "weights", method == Method::vector ? classes : classes * classes),
                                                find(parameters, "bias", classes));
    case Method::histogram:
      return std::make_unique<HistogramCalibrator>(classes, find(parameters, "frequencies", -1));
    case Method::isotonic:
      for (const char* name : {"knots", "p", "value"}) find(parameters, name, -1);
      return std::make_unique<IsotonicCalibrator>(IsotonicCalibrator::of(classes, parameters));
  }
  throw Error("method: a calibrator that does not exist");
}

std::unique_ptr<const Calibrator> identity_calibrator() { return std::make_unique<Identity>(); }

Fitted fit(Method method, const Selection& held_out, const FitOptions& options, const Fitted* start) {
  TEMPER_CHECK(options.tolerance > 0 && options.most_steps >= 1, "fit: the tolerance ", options.tolerance, " and the ", options.most_steps,
               " steps must be above 0");
  switch (method) {
    case Method::temperature: {
      std::optional<double> guess;
      if (start != nullptr && start->method == method) guess = start->calibrator->parameters().at("temperature").at(0);
      const Temperature found = Temperature::fit(held_out, guess);
      return {.method = method, .calibrator = std::make_shared<TemperatureCalibrator>(found.value), .status = found.status};
    }
    case Method::ensemble:
      return fit_ensemble(held_out, start);
    case Method::vector:
    case Method::matrix:
    case Method::dirichlet:
      return fit_linear(method, held_out, options);
    case Method::histogram:
      return {.method = method, .calibrator = std::make_shared<HistogramCalibrator>(HistogramCalibrator::fit(held_out, options.bins))};
    case Method::isotonic:
      return {.method = method, .calibrator = std::make_shared<IsotonicCalibrator>(IsotonicCalibrator::fit(held_out))};
  }
  throw Error("method: a calibrator that does not exist");
}

Predictions apply(const Calibrator& calibrator, const Predictions& predictions) {
  check(predictions);
  Predictions result = predictions;
  const auto classes = static_cast<std::size_t>(predictions.classes);
  std::vector<double> calibrated(classes);
  for (Index i = 0; i < predictions.size(); ++i) {  // in this thread: parallel loops flush the tiniest logits to 0
    calibrator.apply(predictions.row(i), calibrated);
    narrow(calibrated, std::span(result.logits).subspan(static_cast<std::size_t>(i) * classes, classes));
  }
  return result;
}

}  // namespace temper::calibration
