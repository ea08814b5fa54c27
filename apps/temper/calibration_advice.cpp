#include "apps/temper/calibration_advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/comparison.h"
#include "apps/report/run_record.h"
#include "apps/temper/console.h"

namespace temper::app {
namespace {

using calibration::Metrics;
using calibration::Status;
using Sentences = std::vector<std::string>;

constexpr double kTrainingAccuracy = 0.999;  // few test sets are so easy, all training sets end up there

void on_status(const training::CalibrationRecord& record, Sentences& advice) {
  const calibration::Fitted& fitted = record.trial.fitted;
  const auto parameters = fitted.calibrator->parameters();
  const double t = parameters.contains("temperature") ? parameters.at("temperature").at(0) : 1;
  switch (fitted.status) {
    case Status::at_lower_bound:
      advice.push_back(fmt::format(
          "T = {:g} is the lower bound of the search: among {} samples there is no mistake that a smaller T would punish, so they cannot "
          "tell how sure the model may be; fit on more data",
          t, grouped(record.samples)));
      break;
    case Status::at_upper_bound:
      advice.push_back(fmt::format(
          "T = {:g} is the upper bound of the search: on {} samples with an accuracy of {} the logits say less than nothing; check that "
          "logits and labels belong together",
          t, grouped(record.samples), percent(record.trial.before.metrics.accuracy)));
      break;
    case Status::not_converged:
      advice.push_back(
          fmt::format("the {} fit took all its steps and is not at the minimum; an easier method may do as well", fitted.kind->name));
      break;
    case Status::kept_identity:
      if (!record.trial.rejected) advice.emplace_back("nothing was changed: no other temperature has a lower NLL than T = 1");
      break;
    case Status::converged:
      break;
  }
}

void on_harm(const training::CalibrationRecord& record, Sentences& advice) {
  const Metrics &before = record.trial.before.metrics, &after = record.trial.after.metrics;
  const calibration::CalibratorKind& kind = *record.trial.fitted.kind;
  if (record.trial.rejected) {
    advice.push_back(fmt::format(
        "{} made things worse on rows it was not fitted on (out of fold on {} rows its {} is {:.4f}, against {:.4f} as it was) "
        "and was turned "
        "down: the logits are left as they are",
        kind.name, grouped(record.samples), calibration::to_string(kind.judged_by), record.trial.score_after, record.trial.score_before));
    return;
  }
  if (after.nll > before.nll && std::isfinite(before.nll)) {
    advice.push_back(
        std::isinf(after.nll)
            ? fmt::format("{} gives some labels a probability of 0, so the NLL is infinite; where the NLL matters take another method",
                          kind.name)
            : fmt::format("the NLL rose from {:.4f} to {:.4f} on the {} rows: they differ from those fitted on, or are few", before.nll,
                          after.nll, record.measured_on));
  }
  if (record.trial.changed > 0) {
    advice.push_back(fmt::format("{} changes {} of {} predictions; the accuracy goes from {} to {}", kind.name,
                                 grouped(record.trial.changed), grouped(after.samples), percent(before.accuracy), percent(after.accuracy)));
  }
}

void on_samples(const training::CalibrationRecord& record, const calibration::Predictions& fitted_on, Sentences& advice) {
  const calibration::Assessment &before = record.trial.before, &after = record.trial.after;
  const double change = std::abs(before.metrics.ece - after.metrics.ece),
               width = std::max(before.ece_interval.width(), after.ece_interval.width());
  if (record.trial.fitted.status != Status::kept_identity && width > change) {
    advice.push_back(
        fmt::format("{} samples are too few to be sure: the 95 % interval of the ECE is {:.4f} wide, the ECE changed by {:.4f}",
                    grouped(before.metrics.samples), width, change));
  }
  std::vector<bool> seen(static_cast<std::size_t>(fitted_on.classes));
  for (const std::int32_t label : fitted_on.labels) seen[static_cast<std::size_t>(label)] = true;
  if (const auto missing = std::ranges::count(seen, false); missing > 0) {
    advice.push_back(fmt::format("{} of {} classes have no sample among those fitted on, so nothing was learned about them", missing,
                                 fitted_on.classes));
  }
  const double accuracy = calibration::accuracy(fitted_on);
  if (accuracy >= kTrainingAccuracy && fitted_on.size() >= 100) {
    advice.push_back(
        fmt::format("{} of the samples fitted on are right: if the network was trained on them, T comes out too small; fit on data that it "
                    "has not seen",
                    percent(accuracy)));
  }
}

void on_selection(const training::CalibrationRecord& record, Sentences& advice) {
  const auto of = [&](calibration::Score score) {
    return std::ranges::find_if(record.selective, [&](const auto& result) { return result.selector.score == score; });
  };
  const auto plain = of(calibration::Score::max_probability), norm = of(calibration::Score::p_norm);
  if (plain == record.selective.end() || norm == record.selective.end() || !(norm->aurc < 0.9 * plain->aurc)) return;
  advice.push_back(
      fmt::format("to abstain by the p-norm score (p = {:g}) is better than by the largest probability: AURC {:.4f} against {:.4f}; "
                  "networks with label "
                  "smoothing often need that",
                  norm->selector.p, norm->aurc, plain->aurc));
}

bool is_hard_twin(const report::RunRecord& other, const report::RunRecord& run) {
  return other.smoothing == 0 && !other.teacher && !run.teacher && other.model == run.model && other.data == run.data &&
         other.calibration && other.test.samples == run.test.samples;
}

void against(const report::RunRecord& hard, const training::CalibrationRecord& record, double smoothing, Sentences& advice) {
  const Metrics& smooth = record.trial.before.metrics;
  const report::Calibration& scaled = *hard.calibration;
  if (smooth.ece > scaled.after.ece) {
    advice.push_back(fmt::format("smoothing {:g} alone has an ECE of {:.4f}; hard labels with temperature {:.2f} ({}) reach {:.4f}",
                                 smoothing, smooth.ece, scaled.temperature, hard.name, scaled.after.ece));
  }
  if (smooth.aurc > scaled.before.aurc) {
    advice.push_back(fmt::format(
        "smoothing {:g} spoilt the order of the confidences: AURC {:.4f} against {:.4f} of hard labels ({}); abstain by the p-norm score",
        smoothing, smooth.aurc, scaled.before.aurc, hard.name));
  }
}

}  // namespace

Sentences advice_on(const training::CalibrationRecord& record, const calibration::Predictions& fitted_on) {
  Sentences advice;
  on_status(record, advice);
  on_harm(record, advice);
  on_samples(record, fitted_on, advice);
  on_selection(record, advice);
  return advice;
}

Sentences advice_on_smoothing(const std::filesystem::path& folder, const training::CalibrationRecord& record) {
  namespace fs = std::filesystem;
  const report::RunRecord run = report::read_run_record(folder);
  if (run.smoothing == 0) return {};
  std::vector<fs::path> siblings;
  std::error_code unreadable;
  const fs::path whole = fs::absolute(folder).lexically_normal(),
                 parent = (whole.has_filename() ? whole : whole.parent_path()).parent_path();
  for (const fs::directory_entry& entry : fs::directory_iterator(parent, unreadable))
    if (fs::exists(entry.path() / "run.json", unreadable) && fs::exists(entry.path() / "calibrator.json", unreadable))
      siblings.push_back(entry.path());
  std::sort(siblings.begin(), siblings.end());
  Sentences advice;
  for (const fs::path& sibling : siblings) {
    try {
      const report::RunRecord hard = report::read_run_record(sibling);
      if (!is_hard_twin(hard, run) || !report::different_settings(run, hard).empty()) continue;
      against(hard, record, run.smoothing, advice);
      break;
    } catch (const Error&) {
      continue;  // another run's damage is not this one's
    }
  }
  return advice;
}

}  // namespace temper::app
