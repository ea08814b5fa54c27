#include "apps/reproduce/students.h"

#include <fmt/format.h>

#include "apps/reproduce/statistics.h"

namespace temper::reproduce {
namespace {

// At T = 1 Hinton's form is the paper's.
std::string form_at(const DistillationArm& arm, double temperature) { return temperature == 1 ? "paper" : arm.form; }

std::string student_name(const DistillationArm& arm, double alpha, double temperature, int seed) {
  const std::string form = form_at(arm, temperature);
  return fmt::format("student-{}{}-taught-a{}-T{}-s{}", arm.training.key, form == "paper" ? "" : "-" + form, alpha, temperature, seed);
}

void add_student(const ExperimentSetup& setup, const DistillationArm& arm, double alpha, double temperature, int seed, Plan& plan) {
  plan.distill(student_name(arm, alpha, temperature, seed), teacher_name(setup, alpha), arm.training,
               {"--temperature", fmt::format("{}", temperature), "--beta", "1", "--form", form_at(arm, temperature), "--seed",
                std::to_string(seed)});
}

double held_out_accuracy(const runs::Run& run) { return run.val.accuracy; }

StudentGroup taught(const DistillationArm& arm, const Results& results, double alpha, double temperature) {
  std::vector<std::string> names;
  for (int seed = 1; seed <= arm.seeds; ++seed) names.push_back(student_name(arm, alpha, temperature, seed));
  StudentGroup result{alpha, temperature, 0, sample(results, names, accuracy), sample(results, names, held_out_accuracy)};
  if (!result.accuracy.empty()) result.gamma = results.run(result.accuracy.runs.front())->teacher->equivalent_smoothing;
  return result;
}

StudentGroup alone(const DistillationArm& arm, const Results& results, double alpha) {
  std::vector<std::string> names;
  for (int seed = 1; seed <= arm.seeds; ++seed) names.push_back(run_name("student", arm.training, alpha, seed));
  return {alpha, 0, alpha, sample(results, names, accuracy), sample(results, names, held_out_accuracy)};
}

}  // namespace

DistillationArm paper_arm(const ExperimentSetup& setup) { return {.training = setup.student, .seeds = setup.student_seeds}; }

bool compares_arms(const ExperimentSetup& setup) { return !setup.unscaled_student.options.empty(); }

DistillationArm unscaled_arm(const ExperimentSetup& setup) { return {.training = setup.unscaled_student}; }
DistillationArm hinton_arm(const ExperimentSetup& setup) {
  return {.training = setup.unscaled_student, .form = "hinton", .seeds = setup.student_seeds};
}

void add_student_steps(const ExperimentSetup& setup, Plan& plan) {
  for (const double alpha : setup.teacher_alphas) plan.train("pictures", setup.pictures, setup.large, alpha, 1);
  for (int seed = 1; seed <= setup.student_seeds; ++seed) {
    for (const double alpha : setup.teacher_alphas) plan.train("student", setup.pictures, setup.student, alpha, seed);
    for (const double T : setup.temperatures)
      for (const double alpha : setup.teacher_alphas) add_student(setup, paper_arm(setup), alpha, T, seed, plan);
  }
  if (!compares_arms(setup)) return;
  for (const double T : setup.temperatures) add_student(setup, unscaled_arm(setup), 0, T, 1, plan);
  for (int seed = 1; seed <= hinton_arm(setup).seeds; ++seed) {
    for (const double alpha : {0.0, setup.alpha}) {
      plan.train("student", setup.pictures, setup.unscaled_student, alpha, seed);
      for (const double T : setup.temperatures) add_student(setup, hinton_arm(setup), alpha, T, seed, plan);
    }
  }
}

Students collect_students(const ExperimentSetup& setup, const DistillationArm& arm, const Results& results,
                          const std::vector<double>& alphas) {
  Students students{{"students trained on labels smoothed by gamma", {}}, {}};
  for (const double alpha : alphas) {
    students.alone.groups.push_back(alone(arm, results, alpha));
    StudentCurve curve{"students of the teacher " + (alpha == 0 ? "with hard labels" : fmt::format("smoothed by {}", alpha)), {}};
    for (const double T : setup.temperatures) curve.groups.push_back(taught(arm, results, alpha, T));
    students.taught.push_back(std::move(curve));
  }
  return students;
}

std::vector<Sample> accuracies(const Students& students) {
  std::vector<Sample> all;
  for (const StudentGroup& c : students.alone.groups) all.push_back(c.accuracy);
  for (const StudentCurve& curve : students.taught)
    for (const StudentGroup& c : curve.groups) all.push_back(c.accuracy);
  return all;
}

StudentGroup choose_best(const StudentCurve& curve) {
  StudentGroup best;
  for (const StudentGroup& c : curve.groups)
    if (!c.held_out.empty() && (best.held_out.empty() || mean(c.held_out.values) > mean(best.held_out.values))) best = c;
  return best;
}

}  // namespace temper::reproduce
