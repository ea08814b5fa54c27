#include "apps/reproduce/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace temper::reproduce {

std::string run_folder(const std::string& run) { return "runs/" + run; }
std::string analysis_folder(const std::string& run) { return "analysis/" + run; }
std::string analysis_file(const std::string& run, const std::string& figure, const std::string& file) {
  return analysis_folder(run) + "/" + figure + "/" + file;
}

std::string run_name(const std::string& part, const Training& training, double alpha, int seed) {
  return fmt::format("{}-{}-a{}-s{}", part, training.key, alpha, seed);
}

std::string parse_seed(const std::string& run) {
  const auto seed = run.rfind("-s");
  return seed == std::string::npos ? "" : run.substr(seed + 2);
}

std::string teacher_name(const ExperimentSetup& setup, double alpha) { return run_name("pictures", setup.large, alpha, 1); }

bool Plan::has(const std::string& name) const { return std::ranges::find(steps_, name, &Step::name) != steps_.end(); }

double Plan::find_minutes(const std::string& name) const { return std::ranges::find(steps_, name, &Step::name)->minutes; }

void Plan::add(Step step) {
  if (!has(step.name)) steps_.push_back(std::move(step));
}

void Plan::calibrate(const std::string& run) {
  add({.name = "calibrate-" + run,
       .command = {"calibrate", run_folder(run)},
       .product = run_folder(run) + "/" + kCalibrator,
       .needs = {run},
       .minutes = std::min(0.1, find_minutes(run))});
}

std::string Plan::add_training(const std::string& run, std::vector<std::string> command, std::vector<std::string> needs, double minutes) {
  const std::string folder = run_folder(run);
  command.insert(command.end(), {"--resume", "--out", folder});
  add({.name = run,
       .command = std::move(command),
       .product = folder + "/" + kRun,
       .weights = folder + "/model.safetensors",
       .needs = std::move(needs),
       .minutes = minutes});
  calibrate(run);
  return run;
}

std::string Plan::train(const std::string& part, const std::string& data, const Training& training, double alpha, int seed) {
  std::vector<std::string> command{"train", "--data", data};
  command.insert(command.end(), training.options.begin(), training.options.end());
  command.insert(command.end(), {"--smoothing", fmt::format("{}", alpha), "--seed", std::to_string(seed)});
  return add_training(run_name(part, training, alpha, seed), std::move(command), {}, training.minutes);
}

std::string Plan::distill(const std::string& run, const std::string& teacher, const Training& student,
                          const std::vector<std::string>& options) {
  std::vector<std::string> command{"distill", "--teacher", run_folder(teacher)};
  command.insert(command.end(), student.options.begin(), student.options.end());
  command.insert(command.end(), options.begin(), options.end());
  return add_training(run, std::move(command), {teacher}, student.minutes);
}

void Plan::analyze(const std::string& run, const std::string& figure, std::vector<std::string> more) {
  const std::string folder = analysis_folder(run) + "/" + figure;
  std::vector<std::string> command{"analyze", run_folder(run), "--figure", figure, "--out", folder};
  command.insert(command.end(), more.begin(), more.end());
  add({.name = figure + "-" + run,
       .command = std::move(command),
       .product = analysis_file(run, figure),
       .needs = {run},
       .minutes = std::min(0.3, find_minutes(run))});
}

void Plan::order_by_seed() {
  std::ranges::stable_sort(steps_, {}, [](const Step& step) { return std::stoi(parse_seed(step.name)); });
}

}  // namespace temper::reproduce
