// A plan: the commands of temper that make up an experiment, each with the file whose existence shows that it is done. A plan can be
// stopped at any moment; finished steps are kept. Weights are large and need not be kept with the results: missing weights are trained
// again only while an unfinished step needs them.
#pragma once

#include <string>
#include <vector>

#include "apps/reproduce/experiment_setup.h"

namespace temper::reproduce {

struct Step {
  std::string name;                  // "mnist-mlp1200-a0.1-s1"
  std::vector<std::string> command;  // arguments of temper; paths are relative to the folder of the reproduction
  std::string product;               // relative path of the file that exists when the step is done
  std::string weights = {};          // of a training: relative path of what the steps that need it read
  std::vector<std::string> needs;    // names of steps whose products it reads
  double minutes = 0;                // about, on one core
};

// Folders of the reproduction.
std::string run_folder(const std::string& run);       // "runs/NAME"
std::string analysis_folder(const std::string& run);  // "analysis/NAME"
// Files in them, where numbers stand: of a run, and of a figure's analysis.
inline constexpr const char *kRun = "run.json", *kCalibrator = "calibrator.json", *kAnalysis = "analysis.json";
std::string analysis_file(const std::string& run, const std::string& figure, const std::string& file = kAnalysis);

// The name of a training: part, network, smoothing, seed.
std::string run_name(const std::string& part, const Training& training, double alpha, int seed);
std::string parse_seed(const std::string& run);                        // of such a name, of students' and of steps'
std::string teacher_name(const ExperimentSetup& setup, double alpha);  // of the teacher in figures 5 and 6

class Plan {
 public:
  // A training and the temperature of it. Steps that are there already are not added again. Each returns the name of the run.
  std::string train(const std::string& part, const std::string& data, const Training& training, double alpha, int seed);
  std::string distill(const std::string& run, const std::string& teacher, const Training& student, const std::vector<std::string>& options);
  // figure: as `temper analyze --figure` has it. more: its other options.
  void analyze(const std::string& run, const std::string& figure, std::vector<std::string> more = {});

  // Moves seed 1 of everything to the front, then seed 2: a plan that is stopped early has something of each experiment.
  void order_by_seed();

  const std::vector<Step>& steps() const { return steps_; }

 private:
  bool has(const std::string& name) const;
  double find_minutes(const std::string& name) const;  // of a step that is there
  void add(Step step);
  std::string add_training(const std::string& run, std::vector<std::string> command, std::vector<std::string> needs, double minutes);
  void calibrate(const std::string& run);

  std::vector<Step> steps_;
};

}  // namespace temper::reproduce
