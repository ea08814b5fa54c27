// What all calibrators share. A calibrator turns a network's logits into calibrated logits: numbers whose softmax are the calibrated
// probabilities. It is fitted on logits that the network was not trained on.
//
//   temperature   z / T                                    Guo et al., "On Calibration of Modern Neural Networks", ICML 2017
//   ensemble      log(w1 softmax(z/T) + w2 softmax(z) + w3 / K)        Zhang, Kailkhura & Han, "Mix-n-Match", ICML 2020
//   vector        diag(w) z + b                            Guo et al.
//   matrix        W z + b, ODIR-regularised                Guo et al.; Kull et al., "Beyond temperature scaling", NeurIPS 2019
//   dirichlet     W log softmax(z) + b, ODIR-regularised   Kull et al.
//   histogram     per class, the frequency of the label in the bin of p_k; then made to sum to 1     Zadrozny & Elkan, ICML 2001
//   isotonic      per class, the monotone step function of least squares; then made to sum to 1      Zadrozny & Elkan, KDD 2002
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/calibration/calibrators/status.h"
#include "models/calibration/metrics/reliability.h"
#include "models/calibration/selection.h"

namespace temper::calibration {

enum class Method { temperature, ensemble, vector, matrix, dirichlet, histogram, isotonic };
inline constexpr Method kMethods[] = {Method::temperature, Method::ensemble,  Method::vector,  Method::matrix,
                                      Method::dirichlet,   Method::histogram, Method::isotonic};
std::string_view to_string(Method method);
Method method_of(std::string_view name);  // throws Error "--method: ..." for a name that is none

// The numbers of a calibrator by name, as they are stored: the ones that make_calibrator() takes.
using Parameters = std::map<std::string, std::vector<double>>;

class Calibrator {
 public:
  virtual ~Calibrator() = default;
  virtual Parameters parameters() const = 0;

  // Writes the K calibrated logits of a sample; -inf for a probability of 0, but never for all. Requires K logits without NaN or +inf, one
  // of them finite.
  virtual void apply(std::span<const float> logits, std::span<double> calibrated) const = 0;
};

// A calibrator that was stored. Throws Error naming the parameter that is missing, has another length than `classes` asks for, or makes no
// sense.
std::unique_ptr<const Calibrator> make_calibrator(Method method, Index classes, const Parameters& parameters);

// Leaves the logits as they are.
std::unique_ptr<const Calibrator> identity_calibrator();

struct FitOptions {
  Index bins = kBins;       // of histogram binning
  double odir = -1;         // weight of the ODIR penalty of matrix and dirichlet; below 0: the best of a grid on a fifth of the rows
  double tolerance = 1e-6;  // of the slope of the NLL, where the solver for vector, matrix and dirichlet stops
  Index most_steps = 1000;  // of that solver; it then says not_converged
};

struct Fitted {
  Method method = Method::temperature;
  std::shared_ptr<const Calibrator> calibrator;
  Status status = Status::converged;
};

// Fits on the given rows alone. `start`, a fit of other rows by the same method, saves temperature and ensemble a few passes; both find
// their one minimum from anywhere. The other methods do not use it: where their minimum is a flat valley or lies at infinity, as for data
// without a mistake, they would stop where they start, and an out-of-fold fit would know the rows held out. Throws as check(Predictions)
// and for options that make no sense.
Fitted fit(Method method, const Selection& held_out, const FitOptions& options = {}, const Fitted* start = nullptr);

// The same labels with calibrated logits, less the largest of their row. Where floats cannot tell the largest from another, the largest
// stays the largest.
Predictions apply(const Calibrator& calibrator, const Predictions& predictions);

}  // namespace temper::calibration
