#include "models/calibration/linear.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/check.h"
#include "models/calibration/folds.h"
#include "models/calibration/metrics.h"
#include "models/calibration/minimize.h"
#include "models/calibration/row_block.h"
#include "models/calibration/softmax.h"
#include "models/calibration/temperature.h"

namespace temper::calibration {
namespace {

using Vector = std::vector<double>;

constexpr double kLeastLog = -745;  // exp of it is the least positive double
constexpr double kOdirGrid[] = {100, 10, 1, 0.1, 0.01, 0.001};

// What the affine map sees of a row: its logits, or its log-probabilities.
void features(Method method, std::span<const float> row, std::span<double> x) {
  const auto max = static_cast<double>(*std::max_element(row.begin(), row.end()));
  const double shift = method == Method::dirichlet ? -std::log1p(softmax(row, 1).rest) : max;
  for (std::size_t k = 0; k < row.size(); ++k) x[k] = std::max(static_cast<double>(row[k]) - max, kLeastLog) + shift;
}

// The mean NLL with its penalty as a function of the parameters (weights by column, then bias). x is scaled by 1/T of the temperature fit,
// so that numbers near 1 solve it; the penalty is that of the unscaled weights.
class LinearNll {
 public:
  LinearNll(Method method, const Selection& data, double scale, double odir)
      : method_(method), data_(data), classes_(static_cast<std::size_t>(data.classes())), scale_(scale), odir_(odir) {}

  bool full() const { return method_ != Method::vector; }
  std::size_t weight_count() const { return full() ? classes_ * classes_ : classes_; }

  double operator()(std::span<const double> parameters, std::span<double> gradient) const {
    const Index chunk = grain(data_);
    const auto chunks = static_cast<std::size_t>((data_.size() + chunk - 1) / chunk);
    std::vector<Vector> gradients(chunks, Vector(parameters.size()));
    Vector values(chunks);
    parallel_for(data_.size(), chunk, [&](Index begin, Index end) {
      const auto part = static_cast<std::size_t>(begin / chunk);
      values[part] = add_rows(parameters, begin, end, gradients[part]);
    });
    std::fill(gradient.begin(), gradient.end(), 0);
    double value = 0;
    const auto samples = static_cast<double>(data_.size());
    for (std::size_t part = 0; part < chunks; ++part) {
      value += values[part] / samples;
      for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += gradients[part][i] / samples;
    }
    return value + penalty(parameters, gradient);
  }

 private:
  // Rows in blocks: the matrix is read once a block.
  double add_rows(std::span<const double> parameters, Index begin, Index end, Vector& gradient) const {
    Vector x(kBlockRows * classes_), z(x.size()), dz(x.size());
    double value = 0;
    for (Index first = begin; first < end; first += static_cast<Index>(kBlockRows)) {
      const auto rows = static_cast<std::size_t>(std::min<Index>(end - first, kBlockRows));
      std::fill(x.begin(), x.end(), 0);
      std::fill(dz.begin(), dz.end(), 0);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::span<double> row = row_of(x, r);
        features(method_, data_.row(first + static_cast<Index>(r)), row);
        for (double& feature : row) feature *= scale_;
      }
      forward(parameters, x, z);
      for (std::size_t r = 0; r < rows; ++r) {
        const std::span<double> logits = row_of(z, r), p = row_of(dz, r);
        const std::size_t label = data_.label(first + static_cast<Index>(r));
        if (!std::ranges::all_of(logits, [](double logit) { return std::isfinite(logit); })) return std::numeric_limits<double>::infinity();
        value -= softmax(std::span<const double>(logits), 1, p).log_probability(logits[label]);
        p[label] -= 1;
      }
      backward(x, dz, gradient);
    }
    return value;
  }

  std::span<double> row_of(Vector& block, std::size_t row) const { return std::span(block).subspan(row * classes_, classes_); }

  void forward(std::span<const double> parameters, const Vector& x, Vector& z) const {
    const std::span<const double> weights = parameters.first(weight_count()), bias = parameters.subspan(weight_count());
    if (full()) return rows_forward(weights, bias, x, z);
    for (std::size_t i = 0; i < x.size(); ++i) z[i] = bias[i % classes_] + weights[i % classes_] * x[i];
  }

  void backward(const Vector& x, const Vector& dz, Vector& gradient) const {
    if (full()) rows_backward(x, dz, gradient);
    double* bias = gradient.data() + weight_count();
    for (std::size_t i = 0; i < dz.size(); ++i) {
      bias[i % classes_] += dz[i];
      if (!full()) gradient[i % classes_] += dz[i] * x[i];
    }
  }

  double penalty(std::span<const double> parameters, std::span<double> gradient) const {
    if (!full() || odir_ == 0 || classes_ < 2) return 0;
    const auto k = static_cast<double>(classes_);
    const double of_weight = odir_ * scale_ * scale_ / (k * (k - 1)), of_bias = odir_ / k;
    double sum = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const bool weight = i < weight_count();
      if (weight && i % (classes_ + 1) == 0) continue;  // the diagonal is free
      const double rate = weight ? of_weight : of_bias;
      sum += rate * parameters[i] * parameters[i];
      gradient[i] += 2 * rate * parameters[i];
    }
    return sum;
  }

  Method method_;
  const Selection& data_;
  std::size_t classes_;
  double scale_, odir_;
};

Vector transposed(std::span<const double> square, std::size_t n) {
  Vector result(square.size());
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) result[j * n + i] = square[i * n + j];
  return result;
}

// A fit in progress, from temperature scaling on: parameters in the scale of the solver.
struct Solver {
  Method method;
  std::size_t classes;
  double scale;
  Vector parameters;

  bool full() const { return method != Method::vector; }

  Solver(Method m, const Selection& data) : method(m), classes(static_cast<std::size_t>(data.classes())) {
    scale = 1 / Temperature::fit(data).value;
    parameters.assign((full() ? classes * classes : classes) + classes, 0);
    for (std::size_t k = 0; k < classes; ++k) parameters[full() ? k * (classes + 1) : k] = 1;
  }

  Minimized solve(const Selection& data, double odir, const MinimizeOptions& options) {
    return minimize(LinearNll(method, data, scale, odir), parameters, options);
  }

  LinearCalibrator calibrator() const {
    const std::span<const double> weights(parameters.data(), parameters.size() - classes);
    Vector unscaled = full() ? transposed(weights, classes) : Vector(weights.begin(), weights.end());
    for (double& weight : unscaled) weight *= scale;
    return {method, std::move(unscaled), Vector(parameters.end() - static_cast<std::ptrdiff_t>(classes), parameters.end())};
  }
};

// The penalty whose fit of four fifths of the rows has the least NLL on the last fifth. From the strongest on, each fit starts at the last;
// where the NLL rises a weaker one would overfit more, and is the slowest to fit.
double best_odir(Method method, const Selection& data, const FitOptions& options) {
  constexpr double kRough = 1e-5;
  if (data.size() < 2) return kOdirGrid[0];
  const Folds folds(data, 5, 2);
  const std::vector<Index> most = folds.training_rows(0);
  const Selection training(data.all(), most), rest(data.all(), folds.held_out(0));
  Solver solver(method, training);
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

LinearCalibrator::LinearCalibrator(Method method, std::vector<double> weights, std::vector<double> bias)
    : method_(method), weights_(std::move(weights)), bias_(std::move(bias)) {
  const std::size_t classes = bias_.size(), expected = method == Method::vector ? classes : classes * classes;
  TEMPER_CHECK(classes > 0 && weights_.size() == expected, "weights: ", weights_.size(), " numbers for ", classes,
               " classes; there must be ", expected);
  for (const Vector* numbers : {&weights_, &bias_})
    for (const double number : *numbers)
      TEMPER_CHECK(std::isfinite(number), numbers == &bias_ ? "bias: " : "weights: ", number, " is not a finite number; calibrate again");
}

void LinearCalibrator::apply(std::span<const float> logits, std::span<double> calibrated) const {
  Vector x(logits.size());
  features(method_, logits, x);
  if (method_ == Method::vector) {
    for (std::size_t k = 0; k < x.size(); ++k) calibrated[k] = bias_[k] + weights_[k] * x[k];
    return;
  }
  for (std::size_t k = 0; k < x.size(); ++k) {
    double sum = bias_[k];
    for (std::size_t j = 0; j < x.size(); ++j) sum += weights_[k * x.size() + j] * x[j];
    calibrated[k] = sum;
  }
}

Fitted fit_linear(Method method, const Selection& held_out, const FitOptions& options) {
  check(held_out);
  const double odir = method == Method::vector ? 0 : options.odir >= 0 ? options.odir : best_odir(method, held_out, options);
  Solver solver(method, held_out);
  const Minimized found = solver.solve(held_out, odir, {.tolerance = options.tolerance, .most_steps = options.most_steps});
  return {.method = method,
          .calibrator = std::make_shared<LinearCalibrator>(solver.calibrator()),
          .status = found.converged ? Status::converged : Status::not_converged};
}

}  // namespace temper::calibration
