// Section 4 of the paper, MNIST: a smoothed teacher is more accurate and teaches worse.

#include <fmt/format.h>

#include "apps/reproduce/experiments.h"

namespace temper::reproduce {
namespace {

constexpr const char* kPart = "mnist";

std::string student_name(const ExperimentSetup& setup, double alpha, int seed) {
  return fmt::format("{}-{}-taught-a{}-s{}", kPart, setup.mnist_student.key, alpha, seed);
}

void add_mnist_steps(const ExperimentSetup& setup, Plan& plan) {
  for (int seed = 1; seed <= setup.mnist_seeds; ++seed) {
    for (const double alpha : {0.0, setup.alpha}) {
      const std::string teacher = plan.train(kPart, setup.digits, setup.mnist_teacher, alpha, seed);
      std::vector<std::string> options = setup.mnist_distillation;
      options.insert(options.end(), {"--seed", std::to_string(seed)});
      plan.distill(student_name(setup, alpha, seed), teacher, setup.mnist_student, options);
    }
  }
}

double error(const runs::Run& run) { return 1 - run.test.accuracy; }

Findings evaluate_mnist(const ExperimentSetup& setup, const Results& results) {
  Findings findings;
  const auto errors = [&](bool student, double alpha) {
    std::vector<std::string> names;
    for (int seed = 1; seed <= setup.mnist_seeds; ++seed)
      names.push_back(student ? student_name(setup, alpha, seed) : run_name(kPart, setup.mnist_teacher, alpha, seed));
    const Sample found = sample(results, names, error);
    add_numbers(findings, found,
                {.network = student ? setup.mnist_student.title + ", student" : setup.mnist_teacher.title + ", teacher",
                 .quantity = "test error",
                 .alpha = alpha});
    return found;
  };
  const Sample hard_teacher = errors(false, 0), smooth_teacher = errors(false, setup.alpha);
  const Sample hard_student = errors(true, 0), smooth_student = errors(true, setup.alpha);
  const std::string smoothed = fmt::format("smoothed, {}", setup.alpha);
  findings.tables.push_back({.caption = "Test error in per cent on " + setup.digits_title + ", mean and standard error over seeds",
                             .header = {"labels of the teacher", "seeds", "teacher", "its student", "paper: teacher", "student",
                                        "replication: teacher", "student"},
                             .rows = {{"hard", std::to_string(hard_student.values.size()), format_percent(hard_teacher),
                                       format_percent(hard_student), "0.67", "0.74", "0.81", "0.93"},
                                      {smoothed, std::to_string(smooth_student.values.size()), format_percent(smooth_teacher),
                                       format_percent(smooth_student), "0.59", "0.91", "0.69", "1.05"}}});
  findings.claims.push_back(claim_above({.text = "The smoothed teacher makes fewer errors than the hard one",
                                         .unit = Unit::points,
                                         .sampling = accuracy_sampling(hard_teacher, smooth_teacher)},
                                        hard_teacher, smooth_teacher));
  findings.claims.push_back(claim_above({.text = "The student of the smoothed teacher makes more errors than that of the hard one",
                                         .unit = Unit::points,
                                         .sampling = accuracy_sampling(smooth_student, hard_student)},
                                        smooth_student, hard_student));
  return findings;
}

}  // namespace

const Experiment kMnist{.name = "mnist",
                        .title = "MNIST: a better teacher that teaches worse",
                        .question =
                            "Two teachers, one trained on smoothed labels; a smaller student learns from the logits of each. Is the "
                            "better classifier the better teacher?",
                        .add_steps = add_mnist_steps,
                        .evaluate = evaluate_mnist};

}  // namespace temper::reproduce
