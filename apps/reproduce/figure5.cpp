// Figure 5: the accuracy of students against the equivalent smoothing gamma of what they learned from.

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "apps/reproduce/experiments.h"
#include "apps/reproduce/panels.h"

namespace temper::reproduce {
namespace {

constexpr auto kWaysCaption =
    "Why a student loses at high temperatures here, and gains in the paper: test accuracy of students in per cent. Soft targets differ "
    "from one another by about 1 / T, and so do the logits that a student of temperature 1 is to learn: its steps are smaller by about "
    "T^2. The paper's 1,248 epochs have the time for that, 12 have not. Three times the loss, as in all of the paper's trainings on "
    "CIFAR-10, brings a part of it back; Hinton's form, whose factor is T^2, nearly all. There softness costs nothing, and what is left "
    "between the last two rows is what the teachers know";

// How students learn: their schedule, and the form of the distillation.
struct Way {
  Training training;
  std::string form = "paper";
  int seeds = 1;
};

Way papers_way(const Scene& scene) { return {.training = scene.student, .seeds = scene.student_seeds}; }

bool compares_ways(const Scene& scene) { return !scene.unscaled_student.options.empty(); }

// What T^2 and the paper's factor are for, shown by the hard teacher's students; and, where softness costs no steps, what smoothing does.
Way unscaled(const Scene& scene) { return {.training = scene.unscaled_student}; }
Way hintons(const Scene& scene) { return {.training = scene.unscaled_student, .form = "hinton"}; }

// At T = 1 Hinton's form is the paper's.
std::string form_at(const Way& way, double temperature) { return temperature == 1 ? "paper" : way.form; }

std::string student_name(const Way& way, double alpha, double temperature, int seed) {
  const std::string form = form_at(way, temperature);
  return fmt::format("student-{}{}-taught-a{}-T{}-s{}", way.training.key, form == "paper" ? "" : "-" + form, alpha, temperature, seed);
}

void add_student(const Scene& scene, const Way& way, double alpha, double temperature, int seed, Plan& plan) {
  plan.distill(student_name(way, alpha, temperature, seed), teacher_name(scene, alpha), way.training,
               {"--temperature", fmt::format("{}", temperature), "--beta", "1", "--form", form_at(way, temperature), "--seed",
                std::to_string(seed)});
}

void add_student_steps(const Scene& scene, Plan& plan) {
  for (const double alpha : scene.teacher_alphas) plan.train("pictures", scene.pictures, scene.large, alpha, 1);
  for (int seed = 1; seed <= scene.student_seeds; ++seed) {
    for (const double alpha : scene.teacher_alphas) plan.train("student", scene.pictures, scene.student, alpha, seed);
    for (const double T : scene.temperatures)
      for (const double alpha : scene.teacher_alphas) add_student(scene, papers_way(scene), alpha, T, seed, plan);
  }
  if (!compares_ways(scene)) return;
  plan.train("student", scene.pictures, scene.unscaled_student, 0, 1);
  for (const Way& way : {unscaled(scene), hintons(scene)})
    for (const double T : scene.temperatures) add_student(scene, way, 0, T, 1, plan);
  plan.train("student", scene.pictures, scene.unscaled_student, scene.alpha, 1);
  for (const double T : scene.temperatures) add_student(scene, hintons(scene), scene.alpha, T, 1, plan);
}

// Students of one teacher at one temperature, or of labels alone: accuracies, and gamma.
struct Class {
  double alpha = 0, temperature = 0, gamma = 0;
  Sample accuracy = {}, held_out = {};  // on the test images, and on those that nobody learned from
};

double held_out_accuracy(const report::RunRecord& run) { return run.val.accuracy; }

Class taught(const Way& way, const Results& results, double alpha, double temperature) {
  std::vector<std::string> names;
  for (int seed = 1; seed <= way.seeds; ++seed) names.push_back(student_name(way, alpha, temperature, seed));
  Class result{alpha, temperature, 0, sample(results, names, accuracy), sample(results, names, held_out_accuracy)};
  if (!result.accuracy.empty()) result.gamma = results.run(result.accuracy.runs.front())->teacher->equivalent_smoothing;
  return result;
}

Class alone(const Way& way, const Results& results, double alpha) {
  std::vector<std::string> names;
  for (int seed = 1; seed <= way.seeds; ++seed) names.push_back(run_name("student", way.training, alpha, seed));
  return {alpha, 0, alpha, sample(results, names, accuracy), sample(results, names, held_out_accuracy)};
}

// A curve of mean accuracies with bars from the worst to the best seed.
struct Curve {
  std::string name;
  std::vector<Class> classes;
};

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

void add_figure(Outcome& outcome, const Scene& scene, const std::vector<Curve>& curves) {
  std::vector<double> gammas, accuracies;
  std::vector<std::string> names;
  for (const Curve& curve : curves) {
    names.push_back(curve.name);
    for (const Class& c : curve.classes) {
      if (c.accuracy.empty()) continue;
      gammas.push_back(c.gamma);
      for (const double value : c.accuracy.values) accuracies.push_back(100 * value);
    }
  }
  if (accuracies.empty()) return;
  std::vector<Panel> panels{{fmt::format("{} taught by {}", scene.student.title, scene.large.title),
                             report::Plot({.width = 620, .height = 380}, report::linear_axis("gamma, equivalent smoothing", gammas),
                                          report::linear_axis("accuracy, %", accuracies), "Accuracy of students against gamma")}};
  for (std::size_t i = 0; i < curves.size(); ++i) draw(panels[0].plot, curves[i], i);
  outcome.figures.push_back(
      figure_of("figure-5.svg", panels, 1, names,
                "Mean, best and worst seed. Each point of a curve of students is another temperature of the teacher"));
}

// That with the best mean on held-out images, so that its test accuracy is not flattered by the choice.
Class best_of(const Curve& curve) {
  Class best;
  for (const Class& c : curve.classes)
    if (!c.held_out.empty() && (best.held_out.empty() || mean(c.held_out.values) > mean(best.held_out.values))) best = c;
  return best;
}

std::string best_at(const Class& c) { return c.accuracy.empty() ? "" : fmt::format(" (T = {}, by held-out images)", c.temperature); }

Curve taught_at_all(const Scene& scene, const Way& way, const Results& results, double alpha) {
  Curve curve;
  for (const double T : scene.temperatures) curve.classes.push_back(taught(way, results, alpha, T));
  return curve;
}

void add_claims(Outcome& outcome, const Scene& scene, const Results& results, const Curve& teachers, const std::vector<Curve>& students,
                const Curve& plain) {
  const Class hard = best_of(students.front()), baseline = plain.classes.front();
  std::vector<Sample> alike;  // all students: their seeds should differ by as much
  for (const Class& c : plain.classes) alike.push_back(c.accuracy);
  for (const Curve& curve : students)
    for (const Class& c : curve.classes) alike.push_back(c.accuracy);
  const auto claim = [&](std::string text, const Sample& a, const Sample& b, double least = 0) {
    outcome.claims.push_back(claim_above(
        {.text = std::move(text), .unit = Unit::points, .least = least, .sampling = accuracy_sampling(a, b), .alike = alike}, a, b));
  };
  claim(fmt::format("Distilling from the hard teacher{} beats training on the labels", best_at(hard)), hard.accuracy, baseline.accuracy);
  for (std::size_t i = 1; i < students.size(); ++i) {
    const Class smooth = best_of(students[i]);
    const std::string its = fmt::format("smoothed by {}{}", scene.teacher_alphas[i], best_at(smooth));
    claim("The hard teacher is better than the one " + its, hard.accuracy, smooth.accuracy);
    claim(fmt::format("The teacher {} teaches at most a point more than the labels", its), baseline.accuracy, smooth.accuracy, -0.01);
  }
  // Each at its best temperature is one comparison, the same temperature the other: above 1 smoothed teachers fall behind at once.
  const Class &hot = students.front().classes[1], &smooth = students[1].classes[1];
  claim(fmt::format("At T = {} the hard teacher is better than the one smoothed by {}", hot.temperature, smooth.alpha), hot.accuracy,
        smooth.accuracy);
  if (compares_ways(scene)) {
    const Class clear = best_of(taught_at_all(scene, hintons(scene), results, 0));
    const Class blurred = best_of(taught_at_all(scene, hintons(scene), results, scene.alpha));
    claim(fmt::format("In Hinton's form the hard teacher{} is better than the one smoothed by {}{}", best_at(clear), scene.alpha,
                      best_at(blurred)),
          clear.accuracy, blurred.accuracy);
  }
  const Sample &first = teachers.classes.front().accuracy, &last = teachers.classes.back().accuracy;
  outcome.claims.push_back(
      claim_above({.text = fmt::format("Smoothing by {} makes the teacher itself no worse than by a point", teachers.classes.back().alpha),
                   .unit = Unit::points,
                   .least = -0.01,
                   .sampling = accuracy_sampling(first, last)},
                  last, first));
}

// What the size of the step has to do with how much students learn at high temperatures, and what smoothing has where it has nothing.
void add_ways(Outcome& outcome, const Scene& scene, const Results& results) {
  Table table{.caption = kWaysCaption, .header = {"", "by itself"}};
  for (const double T : scene.temperatures) table.header.push_back(fmt::format("taught at T = {}", T));
  const auto add_row = [&](const std::string& name, const Way& way, double alpha) {
    const bool listed = way.training.key == scene.student.key;  // among the figure's own numbers
    std::vector<std::string> cells{name};
    const auto add = [&](const Sample& sample, std::optional<double> T) {
      cells.push_back(percent_of(sample));
      if (!listed)
        add_numbers(
            outcome, sample,
            {.network = fmt::format("{}, {}", scene.student.title, name), .quantity = "accuracy", .alpha = alpha, .temperature = T});
    };
    add(alone(way, results, alpha).accuracy, {});
    for (const Class& c : taught_at_all(scene, way, results, alpha).classes) add(c.accuracy, c.temperature);
    table.rows.push_back(std::move(cells));
  };
  add_row("paper's form, loss as it is", unscaled(scene), 0);
  add_row("paper's form, loss times 3", papers_way(scene), 0);
  add_row("Hinton's form, loss as it is", hintons(scene), 0);
  add_row(fmt::format("Hinton's form, loss as it is, smoothed by {}", scene.alpha), hintons(scene), scene.alpha);
  outcome.tables.push_back(std::move(table));
}

Outcome evaluate_students(const Scene& scene, const Results& results) {
  Outcome outcome;
  Curve teachers{"teachers, " + scene.large.title, {}}, plain{"students trained on labels smoothed by gamma", {}};
  std::vector<Curve> students;
  Table table{.caption = "Test accuracy of students in per cent, by the smoothing of their teacher and its temperature (gamma in brackets)",
              .header = {"smoothing", "the teacher", "student by itself"}};
  for (const double T : scene.temperatures) table.header.push_back(fmt::format("taught at T = {}", T));
  for (const double alpha : scene.teacher_alphas) {
    teachers.classes.push_back({alpha, 0, alpha, sample(results, {teacher_name(scene, alpha)}, accuracy)});
    plain.classes.push_back(alone(papers_way(scene), results, alpha));
    add_numbers(outcome, teachers.classes.back().accuracy,
                {.network = scene.large.title + ", teacher", .quantity = "accuracy", .alpha = alpha});
    add_numbers(outcome, plain.classes.back().accuracy,
                {.network = scene.student.title + ", by itself", .quantity = "accuracy", .alpha = alpha});
    students.push_back(taught_at_all(scene, papers_way(scene), results, alpha));
    students.back().name =
        fmt::format("students of the teacher {}", alpha == 0 ? "with hard labels" : fmt::format("smoothed by {}", alpha));
    std::vector<std::string> cells{fmt::format("{}", alpha), percent_of(teachers.classes.back().accuracy),
                                   percent_of(plain.classes.back().accuracy)};
    for (const Class& c : students.back().classes) {
      add_numbers(outcome, c.accuracy,
                  {.network = scene.student.title + ", student", .quantity = "accuracy", .alpha = alpha, .temperature = c.temperature});
      cells.push_back(c.accuracy.empty() ? "–" : fmt::format("{} ({:.3f})", percent_of(c.accuracy), c.gamma));
    }
    table.rows.push_back(std::move(cells));
  }
  outcome.tables.push_back(std::move(table));
  if (compares_ways(scene)) add_ways(outcome, scene, results);
  add_claims(outcome, scene, results, teachers, students, plain);
  std::vector<Curve> curves{std::move(teachers), std::move(plain)};
  curves.insert(curves.end(), students.begin(), students.end());
  add_figure(outcome, scene, curves);
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
