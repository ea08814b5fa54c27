// Runs the unfinished steps of a plan, several at a time. Several processes, also on other machines, may run one plan in one folder: each
// step is locked by the process that runs it.
#pragma once

#include <functional>
#include <string>

#include "apps/reproduce/plan.h"

namespace temper::reproduce {

struct PlanRunOptions {
  std::string folder;
  std::string program;  // temper
  int jobs = 1;         // steps at a time
  int threads = 1;      // of each
};

struct PlanProgress {
  std::string step;  // that ended or began
  bool begins = false;
  int done = 0, all = 0;    // steps
  double seconds = 0;       // that the step took
  double seconds_left = 0;  // of the plan, as it looks from here
};

struct PlanObserver {
  std::function<void(const PlanProgress&)> on_step = [](const PlanProgress&) {};
  std::function<bool()> stop = [] { return false; };
};

// Its product is there, and so are its weights unless no step that is left needs them.
bool is_done(const Plan& plan, const Step& step, const std::string& folder);
// Minutes of one core that the steps left should take, by how long those took that are done.
double minutes_left(const Plan& plan, const std::string& folder);

// Throws Error naming the first finished training that is not what the plan asks for: each is compared with its command, by the program
// itself. Trains nothing.
void check_trainings(const Plan& plan, const PlanRunOptions& options);

// Returns false when it was stopped; what ran then has kept a checkpoint. Throws Error with the last line of a step that failed, after the
// others that run have ended.
bool run(const Plan& plan, const PlanRunOptions& options, const PlanObserver& observer);

}  // namespace temper::reproduce
