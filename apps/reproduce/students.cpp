#include "apps/reproduce/students.h"

#include <fmt/format.h>

#include "apps/reproduce/statistics.h"

namespace temper::reproduce {
namespace {

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

double held_out_accuracy(const runs::Run& run) { return run.val.accuracy; }

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

}  // namespace

Way papers_way(const Scene& scene) { return {.training = scene.student, .seeds = scene.student_seeds}; }

bool compares_ways(const Scene& scene) { return !scene.unscaled_student.options.empty(); }

Way unscaled(const Scene& scene) { return {.training = scene.unscaled_student}; }
Way hintons(const Scene& scene) { return {.training = scene.unscaled_student, .form = "hinton", .seeds = scene.student_seeds}; }

void add_student_steps(const Scene& scene, Plan& plan) {
  for (const double alpha : scene.teacher_alphas) plan.train("pictures", scene.pictures, scene.large, alpha, 1);
  for (int seed = 1; seed <= scene.student_seeds; ++seed) {
    for (const double alpha : scene.teacher_alphas) plan.train("student", scene.pictures, scene.student, alpha, seed);
    for (const double T : scene.temperatures)
      for (const double alpha : scene.teacher_alphas) add_student(scene, papers_way(scene), alpha, T, seed, plan);
  }
  if (!compares_ways(scene)) return;
  for (const double T : scene.temperatures) add_student(scene, unscaled(scene), 0, T, 1, plan);
  for (int seed = 1; seed <= hintons(scene).seeds; ++seed) {
    for (const double alpha : {0.0, scene.alpha}) {
      plan.train("student", scene.pictures, scene.unscaled_student, alpha, seed);
      for (const double T : scene.temperatures) add_student(scene, hintons(scene), alpha, T, seed, plan);
    }
  }
}

Students students_of(const Scene& scene, const Way& way, const Results& results, const std::vector<double>& alphas) {
  Students students{{"students trained on labels smoothed by gamma", {}}, {}};
  for (const double alpha : alphas) {
    students.alone.classes.push_back(alone(way, results, alpha));
    Curve curve{"students of the teacher " + (alpha == 0 ? "with hard labels" : fmt::format("smoothed by {}", alpha)), {}};
    for (const double T : scene.temperatures) curve.classes.push_back(taught(way, results, alpha, T));
    students.taught.push_back(std::move(curve));
  }
  return students;
}

std::vector<Sample> accuracies(const Students& students) {
  std::vector<Sample> all;
  for (const Class& c : students.alone.classes) all.push_back(c.accuracy);
  for (const Curve& curve : students.taught)
    for (const Class& c : curve.classes) all.push_back(c.accuracy);
  return all;
}

Class best_of(const Curve& curve) {
  Class best;
  for (const Class& c : curve.classes)
    if (!c.held_out.empty() && (best.held_out.empty() || mean(c.held_out.values) > mean(best.held_out.values))) best = c;
  return best;
}

}  // namespace temper::reproduce
