// A kind of calibrator: its name, how it is fitted, and how it is made again from what was stored. A new one is a pair of files that
// defines a CalibratorKind, and a line in calibrators.cpp; a program's own kind goes to fit(), cross_fit() and all the rest as ours do.
#pragma once

#include <memory>
#include <string_view>

#include "models/calibration/calibrator.h"
#include "models/calibration/calibrators/status.h"
#include "models/calibration/metrics/proper_score.h"
#include "models/calibration/row_subset.h"

namespace temper::calibration {

struct FitOptions {
  Index bins = kBins;       // of histogram binning
  double odir = -1;         // weight of the ODIR penalty of matrix and dirichlet; below 0: the best of a grid on a fifth of the rows
  double tolerance = 1e-6;  // of the slope of the NLL, where the solver for vector, matrix and dirichlet stops
  Index most_steps = 1000;  // of that solver; it then says not_converged
};

struct CalibratorKind;

struct Fitted {
  const CalibratorKind* kind = nullptr;
  std::shared_ptr<const Calibrator> calibrator = {};
  Status status = Status::converged;
};

struct CalibratorKind {
  std::string_view name;                        // of --method and of calibrator.json: "temperature"
  std::string_view description;                 // a line of --help
  ProperScore judged_by = ProperScore::nll;     // decides whether a fit is better than no calibrator
  bool reads_bins = false, reads_odir = false;  // which of the FitOptions it has a use for

  // As the function fit() below, which fills in the kind. `start` is a calibrator of the same kind, or null.
  Fitted (*fit)(const RowSubset& held_out, const FitOptions& options, const Calibrator* start) = nullptr;
  // As make_calibrator() below, for `classes` >= 1.
  std::unique_ptr<const Calibrator> (*make)(Index classes, const Parameters& parameters) = nullptr;
};

// Fits on the given rows alone. `start`, a fit of other rows by the same kind, saves temperature and ensemble a few passes; both find
// their one minimum from anywhere. The other kinds do not use it: where their minimum is a flat valley or lies at infinity, as for data
// without a mistake, they would stop where they start, and an out-of-fold fit would know the rows held out. Throws as check(Predictions)
// and for invalid options.
Fitted fit(const CalibratorKind& kind, const RowSubset& held_out, const FitOptions& options = {}, const Fitted* start = nullptr);

// Makes a calibrator from its stored parameters. Throws Error naming the parameter that is missing, invalid, or of a length that does not
// fit `classes`.
std::unique_ptr<const Calibrator> make_calibrator(const CalibratorKind& kind, Index classes, const Parameters& parameters);

// For `make` of a kind: the parameter of this name. Throws Error when it is missing or has not `count` numbers; below 0: any.
const std::vector<double>& find_parameter(const Parameters& parameters, const char* name, Index count = -1);

}  // namespace temper::calibration
