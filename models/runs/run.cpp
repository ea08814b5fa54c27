#include "models/runs/run.h"

#include <algorithm>
#include <cmath>

#include "models/calibration/calibrators/temperature.h"

namespace temper::runs {

std::shared_ptr<const calibration::Calibrator> Run::calibrator() const {
  if (calibration) return calibration->evaluation.fitted.calibrator;
  return calibration::identity_calibrator();
}

std::optional<double> Run::temperature() const { return calibration ? calibration::fitted_temperature(calibration->evaluation.fitted) : 1; }

bool has_current_calibrator(const Run& run) {
  if (!run.classes || !run.calibration || run.classes->calibrator != run.calibration->evaluation.fitted.kind->name) return false;
  if (run.classes->calibrated.correct.empty()) return false;
  const std::optional<double> temperature = run.temperature();
  return temperature ? run.classes->temperature == *temperature : std::isnan(run.classes->temperature);
}

std::optional<Index> diverged_at(const Run& run) {
  const auto broken = std::ranges::find_if(
      run.epochs, [](const training::EpochRecord& epoch) { return !std::isfinite(epoch.train_loss) || !std::isfinite(epoch.val.nll); });
  if (broken == run.epochs.end()) return std::nullopt;
  return broken->epoch;
}

}  // namespace temper::runs
