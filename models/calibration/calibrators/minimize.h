// The minimum of a smooth convex function: limited-memory BFGS (Nocedal & Wright, "Numerical Optimization", algorithms 7.4 and 7.5).
#pragma once

#include <functional>
#include <span>

#include "core/base/shape.h"
#include "core/engine/parallel.h"

namespace temper::calibration {

// Returns f(x) and writes its gradient. A value that is not finite means "too far".
using Objective = FunctionRef<double(std::span<const double> x, std::span<double> gradient)>;

struct MinimizeOptions {
  double tolerance = 1e-9;  // of the largest part of the gradient
  Index most_steps = 1000;
  Index history = 20;  // steps that the estimate of the curvature remembers
  // Multiplies a gradient by an estimate of the inverse Hessian, symmetric and positive definite, which the estimate of the curvature
  // starts from instead of a multiple of the identity. A good one saves most of the steps.
  std::function<void(std::span<double> gradient)> precondition = {};
};

struct Minimized {
  double value = 0;
  double slope = 0;  // the largest |part| of the gradient at x
  Index steps = 0;
  bool converged = false;  // slope <= tolerance
};

// Starts at x, where f must be finite, and leaves the best point there. Never ends above where it started, beyond rounding. For a convex f:
// a point along a line where f still falls is better than the start of the line, whatever rounding makes of the two values, so the line
// search looks at slopes and reaches tolerances that a comparison of values cannot.
Minimized minimize(Objective f, std::span<double> x, const MinimizeOptions& options = {});

}  // namespace temper::calibration
