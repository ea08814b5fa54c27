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
void draw(report::Plot& plot, Curve curve, std::size_t series) {
  std::ranges::sort(curve.classes, {}, &Class::gamma);
  std::vector<report::Point> points;
  const std::string look = report::series_class(series);
  for (const Class& c : curve.classes) {
    if (c.accuracy.empty()) continue;
    const auto [least, most] = std::ranges::minmax(c.accuracy.values);
    points.push_back({c.gamma, 100 * mean(c.accuracy.values)});
    const std::vector<report::Point> bar{{c.gamma, 100 * least}, {c.gamma, 100 * most}};
    plot.line(bar, look, "");
    plot.dot(points.back(), look,
             fmt::format("{}: gamma {:.3f}, T {}, accuracy {}", curve.name, c.gamma, c.temperature, percent_of(c.accuracy)));
  }
  plot.line(points, look, curve.name);
}

std::vector<Curve> curves_of(const Students& students) {
  std::vector<Curve> curves{students.alone};
  std::ranges::copy(students.taught, std::back_inserter(curves));
  return curves;
}

Panel panel_of(std::string heading, const std::vector<Curve>& curves, const std::vector<std::string>& names) {
  std::vector<double> gammas, accuracies;
  for (const Curve& curve : curves) {
    for (const Class& c : curve.classes) {
      if (c.accuracy.empty()) continue;
      gammas.push_back(c.gamma);
      for (const double value : c.accuracy.values) accuracies.push_back(100 * value);
    }
  }
  Panel panel{std::move(heading), report::Plot({.width = 500, .height = 380}, report::linear_axis("gamma, equivalent smoothing", gammas),
                                               report::linear_axis("accuracy, %", accuracies), "Accuracy of students against gamma")};
  for (const Curve& curve : curves) draw(panel.plot, curve, static_cast<std::size_t>(std::ranges::find(names, curve.name) - names.begin()));
  return panel;
}

// hintons: none of a scene that does not compare.
void add_figure(Outcome& outcome, const Scene& scene, const Curve& teachers, const Students& papers, const Students& hintons) {
  std::vector<Curve> curves = curves_of(papers);
  curves.insert(curves.begin(), teachers);
  std::vector<std::string> names;
  for (const Curve& curve : curves) names.push_back(curve.name);
  const std::string heading = fmt::format("{} taught by {}, ", scene.student.title, scene.large.title);
  std::vector<Panel> panels{panel_of(heading + "paper's form", curves, names)};
  if (!hintons.taught.empty()) panels.push_back(panel_of(heading + "Hinton's form", curves_of(hintons), names));
  outcome.figures.push_back(
      figure_of("figure-5.svg", panels, panels.size(), names,
                "Mean, best and worst seed. Each point of a curve of students is another temperature of the teacher"));
}

std::string best_at(const Class& c) { return c.accuracy.empty() ? "" : fmt::format(" (T = {}, by held-out images)", c.temperature); }

// The paper's claims, of students that learned in one way: whose seeds should differ by as much.
void add_claims(Outcome& outcome, const std::string& form, const Students& students) {
  const Class hard = best_of(students.taught.front()), baseline = students.alone.classes.front();
  const auto claim = [&](const std::string& text, const Sample& a, const Sample& b, double least = 0) {
    outcome.claims.push_back(claim_above({.text = form + ": " + text,
                                          .unit = Unit::points,
                                          .least = least,
                                          .sampling = accuracy_sampling(a, b),
                                          .alike = accuracies(students)},
                                         a, b));
  };
  claim(fmt::format("distilling from the hard teacher{} beats training on the labels", best_at(hard)), hard.accuracy, baseline.accuracy);
  for (std::size_t i = 1; i < students.taught.size(); ++i) {
    const Class smooth = best_of(students.taught[i]);
    const std::string its = fmt::format("smoothed by {}{}", students.alone.classes[i].alpha, best_at(smooth));
    claim("the hard teacher is better than the one " + its, hard.accuracy, smooth.accuracy);
    claim(fmt::format("the teacher {} teaches at most a point more than the labels", its), baseline.accuracy, smooth.accuracy, -0.01);
  }
  // Each at its best temperature is one comparison, the same temperature the other: above 1 smoothed teachers fall behind at once.
  const Class &hot = students.taught[0].classes[1], &smooth = students.taught[1].classes[1];
  if (hard.temperature == hot.temperature && best_of(students.taught[1]).temperature == hot.temperature) return;
  claim(fmt::format("at T = {} the hard teacher is better than the one smoothed by {}", hot.temperature, smooth.alpha), hot.accuracy,
        smooth.accuracy);
}

void add_claim_on_teachers(Outcome& outcome, const Curve& teachers) {
  const Class &hard = teachers.classes.front(), &smooth = teachers.classes.back();
  outcome.claims.push_back(
      claim_above({.text = fmt::format("Smoothing by {} makes the teacher itself no worse than by a point", smooth.alpha),
                   .unit = Unit::points,
                   .least = -0.01,
                   .sampling = accuracy_sampling(hard.accuracy, smooth.accuracy)},
                  smooth.accuracy, hard.accuracy));
}

std::vector<std::string> header(const Scene& scene, std::vector<std::string> first) {
  for (const double T : scene.temperatures) first.push_back(fmt::format("taught at T = {}", T));
  return first;
}

void add_table(Outcome& outcome, const Scene& scene, const Curve& teachers, const Students& students) {
  Table table{.caption = "Test accuracy of students in per cent, by the smoothing of their teacher and its temperature (gamma in brackets)",
              .header = header(scene, {"smoothing", "the teacher", "student by itself"})};
  for (std::size_t i = 0; i < scene.teacher_alphas.size(); ++i) {
    const double alpha = scene.teacher_alphas[i];
    const Sample &teacher = teachers.classes[i].accuracy, &alone = students.alone.classes[i].accuracy;
    add_numbers(outcome, teacher, {.network = scene.large.title + ", teacher", .quantity = "accuracy", .alpha = alpha});
    add_numbers(outcome, alone, {.network = scene.student.title + ", by itself", .quantity = "accuracy", .alpha = alpha});
    std::vector<std::string> cells{fmt::format("{}", alpha), percent_of(teacher), percent_of(alone)};
    for (const Class& c : students.taught[i].classes) {
      add_numbers(outcome, c.accuracy,
                  {.network = scene.student.title + ", student", .quantity = "accuracy", .alpha = alpha, .temperature = c.temperature});
      cells.push_back(c.accuracy.empty() ? "–" : fmt::format("{} ({:.3f})", percent_of(c.accuracy), c.gamma));
    }
    table.rows.push_back(std::move(cells));
  }
  outcome.tables.push_back(std::move(table));
}

// What the size of the step has to do with how much students learn at high temperatures, and what they learn where it has nothing.
void add_table_of_ways(Outcome& outcome, const Scene& scene, const Students& papers, const Students& as_it_is, const Students& hintons) {
  Table table{.caption = kWaysCaption, .header = header(scene, {"", "by itself"})};
  const auto add_row = [&](const std::string& name, const Students& students, std::size_t teacher, bool is_new) {
    const Class& alone = students.alone.classes[teacher];
    std::vector<std::string> cells{name};
    const auto add = [&](const Class& c, std::optional<double> T) {
      cells.push_back(percent_of(c.accuracy));
      if (!is_new) return;  // among the numbers already
      add_numbers(outcome, c.accuracy,
                  {.network = scene.student.title + ", " + name, .quantity = "accuracy", .alpha = c.alpha, .temperature = T});
    };
    add(alone, {});
    for (const Class& c : students.taught[teacher].classes) add(c, c.temperature);
    table.rows.push_back(std::move(cells));
  };
  add_row("paper's form, loss as it is", as_it_is, 0, true);
  add_row("paper's form, loss times 3", papers, 0, false);
  add_row("Hinton's form, loss as it is", hintons, 0, true);
  add_row(fmt::format("Hinton's form, loss as it is, smoothed by {}", scene.alpha), hintons, 1, true);
  outcome.tables.push_back(std::move(table));
}

Outcome evaluate_students(const Scene& scene, const Results& results) {
  Outcome outcome;
  Curve teachers{"teachers, " + scene.large.title, {}};
  for (const double alpha : scene.teacher_alphas)
    teachers.classes.push_back({alpha, 0, alpha, sample(results, {teacher_name(scene, alpha)}, accuracy)});
  const Students papers = students_of(scene, papers_way(scene), results, scene.teacher_alphas);
  const bool both = compares_ways(scene);
  const Students others = both ? students_of(scene, hintons(scene), results, {0, scene.alpha}) : Students{};

  add_table(outcome, scene, teachers, papers);
  if (both) add_table_of_ways(outcome, scene, papers, students_of(scene, unscaled(scene), results, {0}), others);
  add_claims(outcome, "Paper's form", papers);
  if (both) add_claims(outcome, "Hinton's form", others);
  add_claim_on_teachers(outcome, teachers);
  if (std::ranges::any_of(accuracies(papers), [](const Sample& sample) { return !sample.empty(); }))
    add_figure(outcome, scene, teachers, papers, others);
  return outcome;
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
