#include "models/calibration/calibrators/linear.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/check.h"
#include "models/calibration/calibrators/linear_curvature.h"
#include "models/calibration/calibrators/linear_nll.h"
#include "models/calibration/calibrators/minimize.h"
#include "models/calibration/calibrators/temperature.h"
#include "models/calibration/folds.h"
#include "models/calibration/metrics/metrics.h"

namespace temper::calibration {
namespace {

using Vector = std::vector<double>;

constexpr double kOdirGrid[] = {100, 10, 1, 0.1, 0.01, 0.001};

Vector transposed(std::span<const double> square, std::size_t n) {
  Vector result(square.size());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) result[j * n + i] = square[i * n + j];
  return result;
}

// A fit in progress, from temperature scaling on: parameters as LinearNll has them.
struct Solver {
  LinearForm form;
  std::size_t classes;
  double scale;
  Vector parameters;

  bool full() const { return form != LinearForm::vector; }

  Solver(LinearForm m, const RowSubset& data) : form(m), classes(static_cast<std::size_t>(data.classes())) {
    scale = 1 / Temperature::fit(data).value;
    parameters.assign((full() ? classes * classes : classes) + classes, 0);
    for (std::size_t k = 0; k < classes; ++k) parameters[full() ? k * (classes + 1) : k] = 1;
  }

  // Recomputes the curvature after many steps: that of the start is useless where the probabilities have changed a lot.
  Minimized solve(const RowSubset& data, double odir, const MinimizeOptions& options) {
    const LinearNll objective(form, data, scale, odir);
    if (!full()) return minimize(objective, parameters, options);
    constexpr Index kStepsOfOneLook = 40;
    Minimized found;
    for (Index steps = 0; steps < options.most_steps && !found.converged; steps += kStepsOfOneLook) {
      const LinearCurvature curvature(form, data, scale, parameters, objective.penalty_rates());
      found = minimize(objective, parameters,
                       {.tolerance = options.tolerance,
                        .most_steps = std::min(kStepsOfOneLook, options.most_steps - steps),
                        .precondition = [&](std::span<double> gradient) { curvature.solve(gradient); }});
      if (found.steps < std::min(kStepsOfOneLook, options.most_steps - steps)) break;  // converged, or rounding lets it go no further
    }
    return found;
  }

  LinearCalibrator calibrator() const {
    const std::span<const double> weights(parameters.data(), parameters.size() - classes);
    Vector unscaled = full() ? transposed(weights, classes) : Vector(weights.begin(), weights.end());
    for (double& weight : unscaled) weight *= scale;
    return {form, std::move(unscaled), Vector(parameters.end() - static_cast<std::ptrdiff_t>(classes), parameters.end())};
  }
};

// The penalty whose fit of four fifths of the rows has the least NLL on the last fifth. From the strongest on, each fit starts at the last;
// where the NLL rises a weaker one would overfit more, and is the slowest to fit.
double best_odir(LinearForm form, const RowSubset& data, const FitOptions& options) {
  constexpr double kRough = 1e-5;
  if (data.size() < 2) return kOdirGrid[0];
  const Folds folds(data, 5, 2);
  const std::vector<Index> most = folds.training_rows(0);
  const RowSubset training(data.all(), most), rest(data.all(), folds.held_out(0));
  Solver solver(form, training);
  double best = kOdirGrid[0], least = std::numeric_limits<double>::infinity();
  for (const double odir : kOdirGrid) {
    solver.solve(training, odir, {.tolerance = std::max(kRough, options.tolerance), .most_steps = options.most_steps});
    const double value = nll(rest, solver.calibrator());
    if (!(value < least)) break;
    best = odir;
    least = value;
  }
  return best;
}

}  // namespace

LinearCalibrator::LinearCalibrator(LinearForm form, std::vector<double> weights, std::vector<double> bias)
    : form_(form), weights_(std::move(weights)), bias_(std::move(bias)) {
  const std::size_t classes = bias_.size(), expected = form == LinearForm::vector ? classes : classes * classes;
  TEMPER_CHECK(classes > 0 && weights_.size() == expected, "weights: ", weights_.size(), " numbers for ", classes,
               " classes; there must be ", expected);
  for (const Vector* numbers : {&weights_, &bias_})
    for (const double number : *numbers)
      TEMPER_CHECK(std::isfinite(number), numbers == &bias_ ? "bias: " : "weights: ", number, " is not a finite number; calibrate again");
}

void LinearCalibrator::apply(std::span<const float> logits, std::span<double> calibrated) const {
  Vector x(logits.size());
  linear_features(form_, logits, x);
  if (form_ == LinearForm::vector) {
    for (std::size_t k = 0; k < x.size(); ++k) calibrated[k] = bias_[k] + weights_[k] * x[k];
    return;
  }
  for (std::size_t k = 0; k < x.size(); ++k) {
    double sum = bias_[k];
    for (std::size_t j = 0; j < x.size(); ++j) sum += weights_[k * x.size() + j] * x[j];
    calibrated[k] = sum;
  }
}

Fitted fit_linear(LinearForm form, const RowSubset& held_out, const FitOptions& options) {
  check(held_out);
  const double odir = form == LinearForm::vector ? 0 : options.odir >= 0 ? options.odir : best_odir(form, held_out, options);
  Solver solver(form, held_out);
  const Minimized found = solver.solve(held_out, odir, {.tolerance = options.tolerance, .most_steps = options.most_steps});
  return {.calibrator = std::make_shared<LinearCalibrator>(solver.calibrator()),
          .status = found.converged ? Status::converged : Status::not_converged};
}

namespace {

template <LinearForm form> Fitted fit_form(const RowSubset& held_out, const FitOptions& options, const Calibrator*) {
  return fit_linear(form, held_out, options);
}

template <LinearForm form> std::unique_ptr<const Calibrator> make_form(Index classes, const Parameters& parameters) {
  const Index weights = form == LinearForm::vector ? classes : classes * classes;
  return std::make_unique<LinearCalibrator>(form, find_parameter(parameters, "weights", weights),
                                            find_parameter(parameters, "bias", classes));
}

}  // namespace

constinit const CalibratorKind kVector{.name = "vector",
                                       .description = "w_k z_k + b_k for each class",
                                       .fit = fit_form<LinearForm::vector>,
                                       .make = make_form<LinearForm::vector>};
constinit const CalibratorKind kMatrix{.name = "matrix",
                                       .description = "W z + b, W and b penalised (ODIR)",
                                       .reads_odir = true,
                                       .fit = fit_form<LinearForm::matrix>,
                                       .make = make_form<LinearForm::matrix>};
constinit const CalibratorKind kDirichlet{.name = "dirichlet",
                                          .description = "W log softmax(z) + b, W and b penalised (ODIR)",
                                          .reads_odir = true,
                                          .fit = fit_form<LinearForm::dirichlet>,
                                          .make = make_form<LinearForm::dirichlet>};

}  // namespace temper::calibration
