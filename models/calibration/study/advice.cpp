#include "models/calibration/study/advice.h"

#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/base/number_text.h"
#include "models/calibration/calibrators/temperature.h"

namespace temper::calibration {
namespace {

using Sentences = std::vector<std::string>;

constexpr double kTrainingAccuracy = 0.999;  // few test sets are so easy, all training sets end up there
constexpr int kDigits = 4;

std::string decimal(double value) { return format_fixed(value, kDigits); }
std::string interval_text(const Interval& interval) { return str_cat("[", decimal(interval.lower), ", ", decimal(interval.upper), "]"); }

// Behind the two values of a change: what its interval says of it. Nothing where it was not measured.
std::string verdict(const Interval& difference) {
  if (!is_measured(difference)) return "";
  return str_cat(is_significant(difference) ? "" : ", which may be chance", " (95 % interval of the change ", interval_text(difference),
                 ")");
}

void advise_on_status(const CalibrationRecord& record, Sentences& advice) {
  const Fitted& fitted = record.evaluation.fitted;
  switch (fitted.status) {
    case Status::at_lower_bound:
      advice.push_back(str_cat("the fit ran to T = ", format_general(Temperature::kLowest), ", the lower bound: among ",
                               format_count(record.samples),
                               " samples there is no mistake that a smaller T would penalise, so they cannot tell how sure the model may "
                               "be, and the logits are left as they are; fit on more data"));
      break;
    case Status::at_upper_bound:
      advice.push_back(
          str_cat("the fit ran to T = ", format_general(Temperature::kHighest), ", the upper bound: on ", format_count(record.samples),
                  " samples with an accuracy of ", format_percent(record.evaluation.before.metrics.accuracy),
                  " the logits are worse than useless, and are left as they are; check that logits and labels belong together"));
      break;
    case Status::not_converged:
      advice.push_back(
          str_cat("the ", fitted.kind->name, " fit took all its steps and is not at the minimum; an easier method may do as well"));
      break;
    case Status::kept_identity:
      if (!record.evaluation.rejected) advice.emplace_back("nothing was changed: no other temperature has a lower NLL than T = 1");
      break;
    case Status::converged:
      break;
  }
}

void advise_on_harm(const CalibrationRecord& record, Sentences& advice) {
  const Metrics &before = record.evaluation.before.metrics, &after = record.evaluation.after.metrics;
  const CalibratorKind& kind = *record.evaluation.fitted.kind;
  if (at_bound(record.evaluation.fitted.status)) return;
  if (record.evaluation.rejected) {
    advice.push_back(str_cat(kind.name, " did not help on rows it was not fitted on (out of fold on ", format_count(record.samples),
                             " rows its ", name(kind.judged_by), " is ", decimal(record.evaluation.score_after), ", against ",
                             decimal(record.evaluation.score_before), " as it was) and was rejected: the logits are left as they are"));
    return;
  }
  const PairedDifference& change = record.evaluation.change;
  const bool may_be_chance = is_measured(change.nll) && !is_significant(change.nll);
  if (after.nll > before.nll && std::isfinite(before.nll) && !may_be_chance) {
    advice.push_back(
        std::isinf(after.nll)
            ? str_cat(kind.name, " gives some labels a probability of 0, so the NLL is infinite; where the NLL matters take another method")
            : str_cat("the NLL rose from ", decimal(before.nll), " to ", decimal(after.nll), " on the ", record.measured_on, " rows",
                      verdict(change.nll), ": they differ from those fitted on, or are few"));
  }
  if (record.evaluation.changed > 0) {
    advice.push_back(str_cat(kind.name, " changes ", format_count(record.evaluation.changed), " of ", format_count(after.samples),
                             " predictions; the accuracy goes from ", format_percent(before.accuracy), " to ",
                             format_percent(after.accuracy), verdict(change.accuracy)));
  }
}

void advise_on_samples(const CalibrationRecord& record, const Predictions& fitted_on, Sentences& advice) {
  const Metrics &before = record.evaluation.before.metrics, &after = record.evaluation.after.metrics;
  const Interval& change = record.evaluation.change.ece;
  if (is_applied(record.evaluation.fitted.status) && !is_significant(change)) {
    advice.push_back(str_cat(format_count(before.samples), " samples are too few to be sure: the ECE went from ", decimal(before.ece),
                             " to ", decimal(after.ece), verdict(change)));
  }
  std::vector<bool> seen(static_cast<std::size_t>(fitted_on.classes));
  for (const std::int32_t label : fitted_on.labels) seen[static_cast<std::size_t>(label)] = true;
  if (const auto missing = std::ranges::count(seen, false); missing > 0) {
    advice.push_back(
        str_cat(missing, " of ", fitted_on.classes, " classes have no sample among those fitted on, so nothing was learned about them"));
  }
  const double right = accuracy(fitted_on);
  if (right >= kTrainingAccuracy && fitted_on.size() >= 100) {
    advice.push_back(str_cat(format_percent(right),
                             " of the samples fitted on are right: if the network was trained on them, T comes out too small; fit on data "
                             "that it has not seen"));
  }
}

void advise_on_selection(const CalibrationRecord& record, Sentences& advice) {
  const auto find = [&](Score score) {
    return std::ranges::find_if(record.selective, [&](const SelectiveResult& result) { return result.selector.score == score; });
  };
  const auto plain = find(Score::max_probability), norm = find(Score::p_norm);
  if (plain == record.selective.end() || norm == record.selective.end() || !(norm->aurc < 0.9 * plain->aurc)) return;
  if (!(norm->difference.upper < 0)) return;
  advice.push_back(str_cat("to abstain by the p-norm score (p = ", format_general(norm->selector.p),
                           ") is better than by the largest probability: AURC ", decimal(norm->aurc), " against ", decimal(plain->aurc),
                           " (95 % interval of the difference ", interval_text(norm->difference),
                           "); networks with label smoothing often need that"));
}

}  // namespace

Sentences advise(const CalibrationRecord& record, const Predictions& fitted_on) {
  Sentences advice;
  advise_on_status(record, advice);
  advise_on_harm(record, advice);
  advise_on_samples(record, fitted_on, advice);
  advise_on_selection(record, advice);
  return advice;
}

Sentences advise_on_smoothing(double smoothing, const Metrics& smooth, const Confidences& samples, const HardTwin& hard) {
  Sentences advice;
  const auto compare = [&](const Confidences& other) {
    const Confidences* const first = &samples;
    const Confidences* const second = &other;
    return paired_difference(std::span(&first, 1), std::span(&second, 1));
  };
  const Interval error = compare(hard.calibrated).ece, order = compare(hard.as_trained).excess_aurc;
  if (error.lower > 0) {
    advice.push_back(str_cat("smoothing ", format_general(smoothing), " alone has an ECE of ", decimal(smooth.ece),
                             "; hard labels with temperature ", format_fixed(hard.temperature, 2), " (", hard.name, ") reach ",
                             decimal(hard.after.ece), " (95 % interval of the difference ", interval_text(error), ")"));
  }
  if (order.lower > 0) {
    advice.push_back(str_cat("smoothing ", format_general(smoothing), " spoilt the order of the confidences: AURC ", decimal(smooth.aurc),
                             " against ", decimal(hard.before.aurc), " of hard labels (", hard.name,
                             "), and what is more than its mistakes account for by ", interval_text(order),
                             " (95 % interval); abstain by the p-norm score"));
  }
  return advice;
}

}  // namespace temper::calibration
