#include "apps/report/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/report/comparison.h"
#include "apps/report/notation.h"

namespace temper::report {
namespace {

constexpr std::size_t kMostOfAKind = 6;  // sentences of one kind; the table has the rest

using Sentences = std::vector<std::string>;

std::string topic(const char* name, const std::string& sentence) { return fmt::format("<b>{}</b> {}", name, sentence); }

std::string quoted(const runs::Run& run) { return "<span class=\"run\">" + escape(run.name) + "</span>"; }

// A single run goes by its name, several by what they share.
std::string named(const Arm& arm) {
  if (arm.runs.size() == 1) return quoted(arm.first());
  std::string text = fmt::format("the mean of {} runs of {}", arm.runs.size(), escape(arm.first().recipe.model));
  if (arm.first().teacher)
    text += fmt::format(" taught by {} (smoothing {})", escape(arm.first().teacher->model), plain(arm.first().teacher->smoothing));
  if (arm.first().recipe.smoothing > 0) text += fmt::format(" with smoothing {}", plain(arm.first().recipe.smoothing));
  return text;
}

std::string temperature_text(double temperature) { return "T\u00a0=\u00a0" + decimal(temperature, 2); }

std::string joined(const Sentences& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + escape(part);
  return text;
}

std::string beside(const Arm& a, const Arm& b) {
  const Sentences differences = different_settings(a.first(), b.first());
  return differences.empty() ? "" : " The runs also differ in " + joined(differences) + ".";
}

// "-0.1 to 2.1"
std::string range_text(const calibration::Interval& interval, double scale, int digits) {
  return fmt::format("{} to {}", decimal(scale * interval.lower, digits), decimal(scale * interval.upper, digits));
}

// "has 1.1 points less accuracy than hard, 96.7 % against 97.8 %: image by image, the 95 % interval of the difference is -2.3 to 0.1
// points, so no difference is shown"; by the sampling error where the images of one are not known.
std::string accuracy_against(const calibration::Metrics& a, const calibration::Metrics& b, const std::string& other,
                             const calibration::Interval& difference) {
  const int digits = percent_digits(a.samples);
  const std::string points = decimal(100 * std::abs(a.accuracy - b.accuracy), digits);
  if (points == decimal(0, digits)) return fmt::format("has the accuracy of {}, {}", other, percent(a.accuracy, digits));
  if (is_measured(difference)) {
    return fmt::format(
        "has {} points {} accuracy than {}, {} against {}: image by image, the 95 % interval of the difference is {} points{}", points,
        a.accuracy > b.accuracy ? "more" : "less", other, percent(a.accuracy, digits), percent(b.accuracy, digits),
        range_text(difference, 100, digits), is_significant(difference) ? "" : ", so no difference is shown");
  }
  const double error = std::hypot(sampling_error(a.accuracy, a.samples), sampling_error(b.accuracy, b.samples));
  const double ratio = std::abs(a.accuracy - b.accuracy) / error;
  std::string verdict = fmt::format("{} times the sampling error of {} points", decimal(ratio, 1), decimal(100 * error, digits));
  if (ratio < 2) verdict += ", a hint, not proof";
  if (ratio < 1)
    verdict = fmt::format("less than the sampling error of {} points, so no difference is shown", decimal(100 * error, digits));
  return fmt::format("has {} points {} accuracy than {}, {} against {}: {}", points, a.accuracy > b.accuracy ? "more" : "less", other,
                     percent(a.accuracy, digits), percent(b.accuracy, digits), verdict);
}

// "lowered ECE from 0.150 to 0.024"
std::string moved(double from, double to) {
  const std::string before = decimal(from, 3), after = decimal(to, 3);
  if (before == after) return "left ECE at " + after;
  return fmt::format("{} ECE from {} to {}", to < from ? "lowered" : "raised", before, after);
}

// Whether a change of ECE is more than chance: by its interval, and without one by what chance alone shows.
bool may_be_chance(double from, double to, const calibration::Interval& change, double chance) {
  return is_measured(change) ? !is_significant(change) : std::abs(from - to) < chance;
}

// Behind a change of ECE.
std::string chance_note(double from, double to, const calibration::Interval& change, double chance) {
  if (is_measured(change) && decimal(from, 3) != decimal(to, 3)) {
    const std::string interval = "95 % interval of the change " + range_text(change, 1, 3);
    return is_significant(change) ? " (" + interval + ")" : ", which may be chance (" + interval + ")";
  }
  if (!(std::abs(from - to) < chance) || decimal(from, 3) == decimal(to, 3)) return "";
  return fmt::format(", which may be chance (a perfectly calibrated network shows about {} here)", decimal(chance, 3));
}

// The arm of `arms` that fits and differs from `arm` in the fewest settings.
template <class Fits> const Arm* nearest(const Comparison& comparison, const Arm& arm, Fits fits) {
  const Arm* best = nullptr;
  std::size_t least = 0;
  for (const Arm& other : comparison.arms) {
    if (&other == &arm || !fits(other)) continue;
    const std::size_t differences = different_settings(arm.first(), other.first()).size();
    if (best == nullptr || differences < least) {
      best = &other;
      least = differences;
    }
  }
  return best;
}

Sentences accuracy(const Comparison& comparison) {
  if (comparison.arms.empty()) return {};
  const auto by_accuracy = [](const Arm& a, const Arm& b) { return a.before().accuracy < b.before().accuracy; };
  const auto [worst, best] = std::ranges::minmax_element(comparison.arms, by_accuracy);
  const int digits = percent_digits(comparison.samples);
  const char* const unit = comparison.runs.front()->unit();
  const calibration::Metrics top = best->before();
  if (comparison.arms.size() == 1) {
    return {topic("Accuracy.",
                  fmt::format("{} gets {} of {} test {} right, ±{} points of sampling error.", named(*best), percent(top.accuracy, digits),
                              count(comparison.samples), unit, decimal(100 * sampling_error(top.accuracy, comparison.samples), digits)))};
  }
  return {topic(
      "Accuracy.",
      fmt::format("Of {} settings on {} test {} the best, {}, {}.", comparison.arms.size(), count(comparison.samples), unit, named(*best),
                  accuracy_against(top, worst->before(), "the last, " + named(*worst), paired_difference(*best, *worst).accuracy)))};
}

Sentences translations(const Comparison& comparison) {
  Sentences sentences;
  for (const runs::Run* run : comparison.runs) {
    if (!run->score) continue;
    sentences.push_back(topic("Translations.", fmt::format("{} reaches a BLEU of {} ({}).", quoted(*run),
                                                           decimal(run->score->bleu.score, 2), escape(run->score->signature))));
  }
  return sentences;
}

// Of an arm whose AURC is larger: mistakes raise it, too, so only the part that they do not account for speaks of the order.
std::string order_text(const Arm& arm, const Arm& other, const calibration::Interval& difference) {
  const std::string values = fmt::format("AURC is {} against {}", decimal(arm.before().aurc, 4), decimal(other.before().aurc, 4));
  if (!is_measured(difference)) return fmt::format(" The {}; whether that is more than chance is not known.", values);
  const std::string interval = fmt::format("what the mistakes do not account for is {} against {}, 95 % interval of the difference {}",
                                           decimal(excess_aurc(arm), 4), decimal(excess_aurc(other), 4), range_text(difference, 1, 4));
  if (difference.lower > 0)
    return fmt::format(" It spoilt the order of the confidences: the {} ({}), so abstaining by them works less well.", values, interval);
  return fmt::format(" The {}; that the order of the confidences is spoilt is not shown ({}).", values, interval);
}

Sentences smoothing(const Comparison& comparison) {
  Sentences sentences;
  for (const Arm& arm : comparison.arms) {
    if (!arm.smoothed()) continue;
    const Arm* hard =
        nearest(comparison, arm, [&](const Arm& other) { return other.hard() && other.first().recipe.model == arm.first().recipe.model; });
    if (hard == nullptr) continue;
    const calibration::Metrics with = arm.before(), without = hard->before();
    const calibration::PairedDifference difference = paired_difference(arm, *hard);
    std::string text =
        fmt::format("Smoothing {} alone {} (from {} to {}){}.", plain(arm.first().recipe.smoothing), moved(without.ece, with.ece),
                    named(*hard), named(arm), chance_note(without.ece, with.ece, difference.ece, arm.chance_ece(false)));
    if (const std::optional<calibration::Metrics> scaled = hard->after()) {
      text += fmt::format(" Temperature scaling of the hard-label run reaches {} at {}.", decimal(scaled->ece, 3),
                          temperature_text(hard->temperature()));
    }
    if (with.aurc > without.aurc) text += order_text(arm, *hard, difference.excess_aurc);
    text += fmt::format(" By accuracy, {} {}.", named(arm), accuracy_against(with, without, named(*hard), difference.accuracy));
    sentences.push_back(topic("Label smoothing.", text + beside(arm, *hard)));
  }
  return sentences;
}

std::string temperature_meaning(double temperature) {
  if (!std::isfinite(temperature)) return "";
  if (temperature > 1.1) return "; it was too sure of itself";
  if (temperature < 0.9) return "; it was not sure enough";
  return "; it needed little correction";
}

// Of what is not calibrated: how far its claims are from its results.
Sentences confidence(const Comparison& comparison) {
  Sentences sentences;
  for (const Arm& arm : comparison.arms) {
    const runs::Run& run = arm.first();
    const double claimed = mean_confidence(run.test_reliability);
    if (arm.after() || arm.runs.size() > 1 || !std::isfinite(claimed)) continue;
    const int digits = percent_digits(comparison.samples);
    sentences.push_back(
        topic("Confidence.", fmt::format("{}, not calibrated, is {} sure on average and right in {}; its ECE is {}, where a "
                                         "perfectly calibrated network shows about {}.",
                                         named(arm), percent(claimed, digits), percent(run.test.accuracy, digits), decimal(run.test.ece, 3),
                                         decimal(arm.chance_ece(false), 3))));
  }
  return sentences;
}

Sentences temperature(const Comparison& comparison) {
  Sentences sentences;
  for (const Arm& arm : comparison.arms) {
    const std::optional<calibration::Metrics> after = arm.after();
    if (!after) continue;
    const calibration::Metrics before = arm.before();
    const std::string how = std::isfinite(arm.temperature()) ? temperature_text(arm.temperature())
                                                             : escape(arm.first().calibration->evaluation.fitted.kind->name) + " scaling";
    const calibration::PairedDifference change = calibration_change(arm);
    const double chance = arm.chance_ece(true);
    // What a temperature says of the network holds where it changed something by more than chance.
    const bool shown = is_measured(change.nll) ? change.nll.upper < 0 : !may_be_chance(before.ece, after->ece, change.ece, chance);
    std::string text = fmt::format("For {}, {} {}{}. NLL went from {} to {}{}{}.", named(arm), how, moved(before.ece, after->ece),
                                   chance_note(before.ece, after->ece, change.ece, chance), decimal(before.nll, 3), decimal(after->nll, 3),
                                   is_measured(change.nll) && !is_significant(change.nll) ? ", which may be chance" : "",
                                   shown ? temperature_meaning(arm.temperature()) : "");
    if (change.nll.lower > 0)
      text += " On the test split that made things worse: the validation split it was fitted on differs, or is small.";
    sentences.push_back(topic("Temperature.", text));
  }
  return sentences;
}

std::string lesson(const runs::TeacherRecord& teacher) {
  const std::string model = escape(teacher.model.empty() ? "its teacher" : teacher.model);
  return model + (teacher.smoothing > 0 ? fmt::format(" with smoothing {}", plain(teacher.smoothing)) : " with hard labels");
}

// A student against the student of the teacher that saw hard labels: the question of section 4 of the paper.
Sentences teachers(const Comparison& comparison) {
  Sentences sentences;
  for (const Arm& arm : comparison.arms) {
    const runs::Run& student = arm.first();
    if (!student.teacher || !(student.teacher->smoothing > 0)) continue;
    const Arm* hard = nearest(comparison, arm, [&](const Arm& other) {
      const runs::Run& run = other.first();
      return run.recipe.model == student.recipe.model && run.teacher && run.teacher->model == student.teacher->model &&
             run.teacher->smoothing == 0;
    });
    if (hard == nullptr) continue;
    const std::string other = "the student of the hard teacher, " + named(*hard);
    sentences.push_back(topic(
        "Teachers.",
        fmt::format("The student of the smoothed teacher, {}, {}.{}", named(arm),
                    accuracy_against(arm.before(), hard->before(), other, paired_difference(arm, *hard).accuracy), beside(arm, *hard))));
  }
  return sentences;
}

Sentences distillation(const Comparison& comparison) {
  Sentences sentences;
  for (const Arm& arm : comparison.arms) {
    const runs::Run& student = arm.first();
    if (!student.teacher) continue;
    const Arm* alone =
        nearest(comparison, arm, [&](const Arm& other) { return other.hard() && other.first().recipe.model == student.recipe.model; });
    if (alone == nullptr) continue;
    const calibration::Metrics with = arm.before(), without = alone->before();
    const calibration::PairedDifference difference = paired_difference(arm, *alone);
    const std::string other = "the same network trained alone, " + named(*alone);
    sentences.push_back(
        topic("Distillation.",
              fmt::format("Taught by {}, {} {}. Its ECE is {} against {}{}.{}", lesson(*student.teacher), named(arm),
                          accuracy_against(with, without, other, difference.accuracy), decimal(with.ece, 3), decimal(without.ece, 3),
                          chance_note(without.ece, with.ece, difference.ece, arm.chance_ece(false)), beside(arm, *alone))));
  }
  return sentences;
}

Sentences warnings(const Comparison& comparison) {
  Sentences sentences;
  for (const runs::Run* run : comparison.runs) {
    const bool finite = std::isfinite(run->test.accuracy) && std::isfinite(run->test.nll) && std::isfinite(run->test.ece);
    if (const auto epoch = runs::diverged_at(*run)) {
      sentences.push_back(topic(
          "Caution.",
          fmt::format("{} diverged: its loss is not a finite number in epoch {}. A smaller learning rate or gradient clipping may help.",
                      quoted(*run), *epoch)));
    } else if (!finite) {
      sentences.push_back(topic("Caution.", fmt::format("{} has no finite test result and is left out of the comparisons.", quoted(*run))));
    } else if (run->epochs.size() == 1) {
      sentences.push_back(topic(
          "Caution.", fmt::format("{} saw a single epoch; it shows that training works, not what the network can do.", quoted(*run))));
    }
    if (!run->calibration) continue;
    for (const std::string& advice : run->calibration->advice)
      sentences.push_back(topic("Caution.", quoted(*run) + ": " + escape(advice) + "."));
    if (!run->calibration->advice.empty()) continue;
    const calibration::Status status = run->calibration->evaluation.fitted.status;
    if (at_bound(status)) {
      sentences.push_back(topic(
          "Caution.", fmt::format("The fit of {} ran to the bound of its search, where the data do not tell how sure the network may be: "
                                  "its probabilities are left as they are.",
                                  quoted(*run))));
    }
  }
  const bool one_seed = std::ranges::all_of(comparison.arms, [](const Arm& arm) { return arm.runs.size() == 1; });
  if (one_seed && comparison.arms.size() > 1) {
    sentences.push_back(topic("Caution.",
                              "Every setting ran with one seed. Another seed can move a result by more than the sampling error; repeat "
                              "with several before you decide."));
  }
  return sentences;
}

std::string list(const std::vector<Sentences>& kinds) {
  std::string items;
  for (const Sentences& sentences : kinds) {
    const std::size_t shown = std::min(sentences.size(), kMostOfAKind);
    for (std::size_t i = 0; i < shown; ++i) items += "<li>" + sentences[i] + "</li>\n";
    if (shown < sentences.size())
      items += fmt::format("<li class=\"quiet\">{} more of this kind: see the table.</li>\n", sentences.size() - shown);
  }
  return items.empty() ? "" : "<ul class=\"findings\">\n" + items + "</ul>\n";
}

}  // namespace

std::string findings(std::span<const runs::Run> runs) {
  const std::vector<Comparison> found = comparisons(runs);
  std::string text;
  for (const Comparison& comparison : found) {
    if (found.size() > 1)
      text += fmt::format("<h3>{}, {} test {}</h3>\n", escape(comparison.data), count(comparison.samples), comparison.runs.front()->unit());
    text += list({accuracy(comparison), translations(comparison), smoothing(comparison), confidence(comparison), temperature(comparison),
                  teachers(comparison), distillation(comparison), warnings(comparison)});
  }
  return text;
}

}  // namespace temper::report
