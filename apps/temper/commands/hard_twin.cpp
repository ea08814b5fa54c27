#include "apps/temper/commands/hard_twin.h"

#include <algorithm>

#include "apps/report/comparison.h"
#include "core/base/check.h"
#include "models/calibration/study/advice.h"
#include "models/runs/run_file.h"

namespace temper::app {
namespace {

namespace fs = std::filesystem;

// The calibrated runs in the folder that a run lies in, by name; that run is one of them.
std::vector<fs::path> find_siblings(const fs::path& run) {
  std::vector<fs::path> siblings;
  std::error_code unreadable;
  const fs::path whole = fs::absolute(run).lexically_normal(), parent = (whole.has_filename() ? whole : whole.parent_path()).parent_path();
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, unreadable))
    if (fs::exists(entry.path() / "run.json", unreadable) && fs::exists(entry.path() / "calibrator.json", unreadable))
      siblings.push_back(entry.path());
  std::sort(siblings.begin(), siblings.end());
  return siblings;
}

bool has_samples(const runs::Run& run, const runs::ClassRecord& of_same) {
  return run.classes && run.classes->data_hash == of_same.data_hash && run.classes->as_trained.correct.size() > 0 &&
         run.classes->as_trained.correct.size() == of_same.as_trained.correct.size() && runs::has_current_calibrator(run);
}

bool is_hard_twin(const runs::Run& other, const runs::Run& run) {
  return other.recipe.smoothing == 0 && !other.teacher && !run.teacher && other.recipe.model == run.recipe.model &&
         other.data == run.data && other.calibration && other.test.samples == run.test.samples &&
         report::different_settings(run, other).empty();
}

calibration::HardTwin to_twin(const runs::Run& run) {
  const calibration::Evaluation& scaled = run.calibration->evaluation;
  return {.name = run.name,
          .temperature = run.temperature().value_or(calibration::kNotMeasured),
          .before = scaled.before.metrics,
          .after = scaled.after.metrics,
          .as_trained = run.classes->as_trained,
          .calibrated = run.classes->calibrated};
}

}  // namespace

std::vector<std::string> advise_by_hard_twin(const fs::path& folder, const calibration::CalibrationRecord& record,
                                             const runs::ClassRecord& classes) {
  const runs::Run run = runs::read_run_json(folder.string());  // not its calibrator, which is being made
  if (run.recipe.smoothing == 0) return {};
  for (const fs::path& sibling : find_siblings(folder)) {
    try {
      const runs::Run hard = runs::read_run(sibling.string());
      if (is_hard_twin(hard, run) && has_samples(hard, classes))
        return calibration::advise_on_smoothing(run.recipe.smoothing, record.evaluation.before.metrics, classes.as_trained, to_twin(hard));
    } catch (const Error&) {
      continue;  // another run's damage is not this one's
    }
  }
  return {};
}

}  // namespace temper::app
