// Figure 5: the accuracy of students against the equivalent smoothing gamma of what they learned from.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "apps/reproduce/experiments.h"
#include "apps/reproduce/panels.h"
#include "apps/reproduce/students.h"

namespace temper::reproduce {
namespace {

constexpr auto kWaysCaption =
    "Why a student loses at high temperatures here, and gains in the paper: test accuracy of students in per cent. Soft targets differ "
    "from one another by about 1 / T, and so do the logits that a student of temperature 1 is to learn: its steps are smaller by about "
    "T^2. The paper's 1,248 epochs have the time for that, 12 have not. Three times the loss, as in all of the paper's trainings on "
    "CIFAR-10, brings a part of it back; Hinton's form, whose factor is T^2, nearly all. There softness costs nothing, and what is left "
    "between the last two rows is what the teachers know";

// A line through mean accuracies with bars from the worst to the best seed.
void draw(report::Plot& plot, StudentCurve curve, std::size_t series) {
  std::ranges::sort(curve.groups, {}, &StudentGroup::gamma);
  std::vector<report::Point> points;
  const std::string look = report::series_class(series);
  for (const StudentGroup& c : curve.groups) {
    if (c.accuracy.empty()) continue;
    const auto [least, most] = std::ranges::minmax(c.accuracy.values);
    points.push_back({c.gamma, 100 * mean(c.accuracy.values)});
    const std::vector<report::Point> bar{{c.gamma, 100 * least}, {c.gamma, 100 * most}};
    plot.line(bar, look, "");
    plot.dot(points.back(), look,
             fmt::format("{}: gamma {:.3f}, T {}, accuracy {}", curve.name, c.gamma, c.temperature, format_percent(c.accuracy)));
  }
  plot.line(points, look, curve.name);
}

std::vector<StudentCurve> make_curves(const Students& students) {
  std::vector<StudentCurve> curves{students.alone};
  std::ranges::copy(students.taught, std::back_inserter(curves));
  return curves;
}

Panel make_panel(std::string heading, const std::vector<StudentCurve>& curves, const std::vector<std::string>& names) {
  std::vector<double> gammas, accuracies;
  for (const StudentCurve& curve : curves) {
    for (const StudentGroup& c : curve.groups) {
      if (c.accuracy.empty()) continue;
      gammas.push_back(c.gamma);
      for (const double value : c.accuracy.values) accuracies.push_back(100 * value);
    }
  }
  Panel panel{std::move(heading), report::Plot({.width = 500, .height = 380}, report::linear_axis("gamma, equivalent smoothing", gammas),
                                               report::linear_axis("accuracy, %", accuracies), "Accuracy of students against gamma")};
  for (const StudentCurve& curve : curves)
    draw(panel.plot, curve, static_cast<std::size_t>(std::ranges::find(names, curve.name) - names.begin()));
  return panel;
}

// hinton_arm: none of a scene that does not compare.
void add_figure(Findings& findings, const ExperimentSetup& setup, const StudentCurve& teachers, const Students& papers,
                const Students& hintons) {
  std::vector<StudentCurve> curves = make_curves(papers);
  curves.insert(curves.begin(), teachers);
  std::vector<std::string> names;
  for (const StudentCurve& curve : curves) names.push_back(curve.name);
  const std::string heading = fmt::format("{} taught by {}, ", setup.student.title, setup.large.title);
  std::vector<Panel> panels{make_panel(heading + "paper's form", curves, names)};
  if (!hintons.taught.empty()) panels.push_back(make_panel(heading + "Hinton's form", make_curves(hintons), names));
  findings.figures.push_back(
      make_figure("figure-5.svg", panels, panels.size(), names,
                  "Mean, best and worst seed. Each point of a curve of students is another temperature of the teacher"));
}

std::string best_at(const StudentGroup& c) { return c.accuracy.empty() ? "" : fmt::format(" (T = {}, by held-out images)", c.temperature); }

// The paper's claims, of students that learned in one way: whose seeds should differ by as much.
void add_claims(Findings& findings, const std::string& form, const Students& students) {
  const StudentGroup hard = choose_best(students.taught.front()), baseline = students.alone.groups.front();
  const auto claim = [&](const std::string& text, const Sample& a, const Sample& b, double least = 0) {
    findings.claims.push_back(claim_above({.text = form + ": " + text,
                                           .unit = Unit::points,
                                           .least = least,
                                           .sampling = accuracy_sampling(a, b),
                                           .alike = accuracies(students)},
                                          a, b));
  };
  claim(fmt::format("distilling from the hard teacher{} beats training on the labels", best_at(hard)), hard.accuracy, baseline.accuracy);
  for (std::size_t i = 1; i < students.taught.size(); ++i) {
    const StudentGroup smooth = choose_best(students.taught[i]);
    const std::string its = fmt::format("smoothed by {}{}", students.alone.groups[i].alpha, best_at(smooth));
    claim("the hard teacher is better than the one " + its, hard.accuracy, smooth.accuracy);
    claim(fmt::format("the teacher {} teaches at most a point more than the labels", its), baseline.accuracy, smooth.accuracy, -0.01);
  }
  // Each at its best temperature is one comparison, the same temperature the other: above 1 smoothed teachers fall behind at once.
  const StudentGroup &hot = students.taught[0].groups[1], &smooth = students.taught[1].groups[1];
  if (hard.temperature == hot.temperature && choose_best(students.taught[1]).temperature == hot.temperature) return;
  claim(fmt::format("at T = {} the hard teacher is better than the one smoothed by {}", hot.temperature, smooth.alpha), hot.accuracy,
        smooth.accuracy);
}

void add_claim_on_teachers(Findings& findings, const StudentCurve& teachers) {
  const StudentGroup &hard = teachers.groups.front(), &smooth = teachers.groups.back();
  findings.claims.push_back(
      claim_above({.text = fmt::format("Smoothing by {} makes the teacher itself no worse than by a point", smooth.alpha),
                   .unit = Unit::points,
                   .least = -0.01,
                   .sampling = accuracy_sampling(hard.accuracy, smooth.accuracy)},
                  smooth.accuracy, hard.accuracy));
}

std::vector<std::string> header(const ExperimentSetup& setup, std::vector<std::string> first) {
  for (const double T : setup.temperatures) first.push_back(fmt::format("taught at T = {}", T));
  return first;
}

void add_table(Findings& findings, const ExperimentSetup& setup, const StudentCurve& teachers, const Students& students) {
  Table table{.caption = "Test accuracy of students in per cent, by the smoothing of their teacher and its temperature (gamma in brackets)",
              .header = header(setup, {"smoothing", "the teacher", "student by itself"})};
  for (std::size_t i = 0; i < setup.teacher_alphas.size(); ++i) {
    const double alpha = setup.teacher_alphas[i];
    const Sample &teacher = teachers.groups[i].accuracy, &alone = students.alone.groups[i].accuracy;
    add_numbers(findings, teacher, {.network = setup.large.title + ", teacher", .quantity = "accuracy", .alpha = alpha});
    add_numbers(findings, alone, {.network = setup.student.title + ", by itself", .quantity = "accuracy", .alpha = alpha});
    std::vector<std::string> cells{fmt::format("{}", alpha), format_percent(teacher), format_percent(alone)};
    for (const StudentGroup& c : students.taught[i].groups) {
      add_numbers(findings, c.accuracy,
                  {.network = setup.student.title + ", student", .quantity = "accuracy", .alpha = alpha, .temperature = c.temperature});
      cells.push_back(c.accuracy.empty() ? "–" : fmt::format("{} ({:.3f})", format_percent(c.accuracy), c.gamma));
    }
    table.rows.push_back(std::move(cells));
  }
  findings.tables.push_back(std::move(table));
}

// What the size of the step has to do with how much students learn at high temperatures, and what they learn where it has nothing.
void add_arms_table(Findings& findings, const ExperimentSetup& setup, const Students& papers, const Students& as_it_is,
                    const Students& hintons) {
  Table table{.caption = kWaysCaption, .header = header(setup, {"", "by itself"})};
  const auto add_row = [&](const std::string& name, const Students& students, std::size_t teacher, bool is_new) {
    const StudentGroup& alone = students.alone.groups[teacher];
    std::vector<std::string> cells{name};
    const auto add = [&](const StudentGroup& c, std::optional<double> T) {
      cells.push_back(format_percent(c.accuracy));
      if (!is_new) return;  // among the numbers already
      add_numbers(findings, c.accuracy,
                  {.network = setup.student.title + ", " + name, .quantity = "accuracy", .alpha = c.alpha, .temperature = T});
    };
    add(alone, {});
    for (const StudentGroup& c : students.taught[teacher].groups) add(c, c.temperature);
    table.rows.push_back(std::move(cells));
  };
  add_row("paper's form, loss as it is", as_it_is, 0, true);
  add_row("paper's form, loss times 3", papers, 0, false);
  add_row("Hinton's form, loss as it is", hintons, 0, true);
  add_row(fmt::format("Hinton's form, loss as it is, smoothed by {}", setup.alpha), hintons, 1, true);
  findings.tables.push_back(std::move(table));
}

Findings evaluate_students(const ExperimentSetup& setup, const Results& results) {
  Findings findings;
  StudentCurve teachers{"teachers, " + setup.large.title, {}};
  for (const double alpha : setup.teacher_alphas)
    teachers.groups.push_back({alpha, 0, alpha, sample(results, {teacher_name(setup, alpha)}, accuracy)});
  const Students papers = collect_students(setup, paper_arm(setup), results, setup.teacher_alphas);
  const bool both = compares_arms(setup);
  const Students others = both ? collect_students(setup, hinton_arm(setup), results, {0, setup.alpha}) : Students{};

  add_table(findings, setup, teachers, papers);
  if (both) add_arms_table(findings, setup, papers, collect_students(setup, unscaled_arm(setup), results, {0}), others);
  add_claims(findings, "Paper's form", papers);
  if (both) add_claims(findings, "Hinton's form", others);
  add_claim_on_teachers(findings, teachers);
  if (std::ranges::any_of(accuracies(papers), [](const Sample& sample) { return !sample.empty(); }))
    add_figure(findings, setup, teachers, papers, others);
  return findings;
}

}  // namespace

const Experiment kFigure5{.name = "fig5",
                          .title = "Figure 5: students of smoothed teachers",
                          .question =
                              "A student learns from a teacher's probabilities at temperature T alone. Teachers with more smoothing are as "
                              "accurate; what do their students learn? The axis is gamma, how much a teacher's probabilities are smoothed "
                              "labels: alpha for labels themselves.",
                          .add_steps = add_student_steps,
                          .evaluate = evaluate_students};

}  // namespace temper::reproduce
