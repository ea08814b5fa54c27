// The setup of a reproduction at each scale: networks, data, schedules, and the number of seeds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace temper::reproduce {

// quick: the digits inside the program, minutes. short: CIFAR-10 and MNIST with short schedules, hours. paper: the paper's settings, weeks.
enum class Scale { quick, short_schedules, paper };

std::string_view name(Scale scale);
// Throws Error "--scale: ..." for a name that is none.
Scale parse_scale(std::string_view name);

// A network and how it is trained, as options of `temper train`.
struct Training {
  std::string key;    // in names of runs: "alexnet"
  std::string title;  // on the page: "AlexNet"
  std::vector<std::string> options = {};
  double minutes = 0;  // about, on one core
};

struct ExperimentSetup {
  Scale scale = Scale::quick;
  std::string pictures, digits;  // data specs: of the paper's CIFAR and MNIST parts
  std::string text = {};         // of figure 4; empty: not at this scale
  std::string pictures_title, digits_title;
  std::string schedule;  // a sentence on how these trainings differ from the paper's

  Training small, large;           // the rows of tables 2 and 3. `large` teaches in figure 5 and keeps snapshots for figure 6
  Training student;                // of figure 5: `small` with a schedule of its own
  Training unscaled_student = {};  // the same without the paper's factor on the loss, for comparison; no options: not at this scale
  Training mnist_teacher, mnist_student;
  Training translator = {};
  std::vector<std::string> mnist_distillation = {};  // the student's other options

  std::vector<double> table_alphas = {};       // label smoothing, 0 first
  double alpha = 0.1;                          // the one that figures 1, 2 and 6 compare with 0
  std::vector<double> teacher_alphas = {};     // of figure 5, 0 first
  std::vector<double> temperatures = {};       // of figure 5
  std::vector<double> text_temperatures = {};  // of figure 4
  int table_seeds = 1, large_seeds = 1, student_seeds = 1, mnist_seeds = 1, text_seeds = 1;
};

// data_folder: where mnist/, cifar-10-batches-bin/ and multi30k/ lie, as data/fetch.sh leaves them; relative to the reproduction's.
ExperimentSetup experiment_setup(Scale scale, const std::string& data_folder);

}  // namespace temper::reproduce
