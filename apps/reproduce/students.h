// The students of figure 5: how they are trained, their steps of the plan, and their results.
#pragma once

#include <string>
#include <vector>

#include "apps/reproduce/plan.h"
#include "apps/reproduce/results.h"
#include "apps/reproduce/scene.h"

namespace temper::reproduce {

// How students learn: their schedule, and the form of the distillation.
struct Way {
  Training training;
  std::string form = "paper";
  int seeds = 1;
};

// The paper's: temperature on the teacher alone, the loss times 3.
Way papers_way(const Scene& scene);

// Returns true iff there are other arms to compare it with.
bool compares_ways(const Scene& scene);
// The paper's without its factor; and Hinton's form, in which softness costs no steps, so that students show what their teachers know.
Way unscaled(const Scene& scene);
Way hintons(const Scene& scene);

// Students of all teachers the paper's way; for comparison, those of the hard teacher without the factor, and in Hinton's form those of the
// hard teacher and of the one smoothed by scene.alpha.
void add_student_steps(const Scene& scene, Plan& plan);

// Students of one teacher at one temperature, or of labels alone: accuracies, and gamma.
struct Class {
  double alpha = 0, temperature = 0, gamma = 0;
  Sample accuracy = {}, held_out = {};  // on the test images, and on images that no network was trained on
};

// Students of one teacher by temperature, or networks by their smoothing.
struct Curve {
  std::string name;
  std::vector<Class> classes;
};

// Students by themselves, and those of each teacher, the hard one first.
struct Students {
  Curve alone;
  std::vector<Curve> taught;
};

Students students_of(const Scene& scene, const Way& way, const Results& results, const std::vector<double>& alphas);

// Of them all.
std::vector<Sample> accuracies(const Students& students);

// That with the best mean on held-out images, so that its test accuracy is not flattered by the choice.
Class best_of(const Curve& curve);

}  // namespace temper::reproduce
