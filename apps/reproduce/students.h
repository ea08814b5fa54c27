// The students of figure 5: how they are trained, their steps of the plan, and their results.
#pragma once

#include <string>
#include <vector>

#include "apps/reproduce/experiment_setup.h"
#include "apps/reproduce/plan.h"
#include "apps/reproduce/results.h"

namespace temper::reproduce {

// How students learn: their schedule, and the form of the distillation.
struct DistillationArm {
  Training training;
  std::string form = "paper";
  int seeds = 1;
};

// The paper's: temperature on the teacher alone, the loss times 3.
DistillationArm paper_arm(const ExperimentSetup& setup);

// Returns true iff there are other arms to compare it with.
bool compares_arms(const ExperimentSetup& setup);
// The paper's without its factor; and Hinton's form, in which softness costs no steps, so that students show what their teachers know.
DistillationArm unscaled_arm(const ExperimentSetup& setup);
DistillationArm hinton_arm(const ExperimentSetup& setup);

// Students of all teachers the paper's way; for comparison, those of the hard teacher without the factor, and in Hinton's form those of the
// hard teacher and of the one smoothed by scene.alpha.
void add_student_steps(const ExperimentSetup& setup, Plan& plan);

// Students of one teacher at one temperature, or of labels alone: accuracies, and gamma.
struct StudentGroup {
  double alpha = 0, temperature = 0, gamma = 0;
  Sample accuracy = {}, held_out = {};  // on the test images, and on images that no network was trained on
};

// Students of one teacher by temperature, or networks by their smoothing.
struct StudentCurve {
  std::string name;
  std::vector<StudentGroup> groups;
};

// Students by themselves, and those of each teacher, the hard one first.
struct Students {
  StudentCurve alone;
  std::vector<StudentCurve> taught;
};

Students collect_students(const ExperimentSetup& setup, const DistillationArm& arm, const Results& results,
                          const std::vector<double>& alphas);

// Of them all.
std::vector<Sample> accuracies(const Students& students);

// That with the best mean on held-out images, so that its test accuracy is not flattered by the choice.
StudentGroup choose_best(const StudentCurve& curve);

}  // namespace temper::reproduce
