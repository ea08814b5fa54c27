#include "models/calibration/metrics/proper_score.h"

namespace temper::calibration {

double evaluate(ProperScore score, const Metrics& metrics) { return score == ProperScore::brier ? metrics.brier : metrics.nll; }

std::string_view name(ProperScore score) { return score == ProperScore::brier ? "Brier score" : "NLL"; }

}  // namespace temper::calibration
