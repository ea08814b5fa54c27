#include "models/calibration/metrics/proper_score.h"

#include <doctest/doctest.h>

#include "tests/models/calibration/reference.h"

namespace temper::calibration {
namespace {

TEST_CASE("proper score: the NLL and the Brier score of the metrics, by name") {
  const Metrics m = metrics(reference::random_predictions(3, 100, 4));
  CHECK(evaluate(ProperScore::nll, m) == m.nll);
  CHECK(evaluate(ProperScore::brier, m) == m.brier);
  CHECK(name(ProperScore::nll) == "NLL");
  CHECK(name(ProperScore::brier) == "Brier score");
}

}  // namespace
}  // namespace temper::calibration
