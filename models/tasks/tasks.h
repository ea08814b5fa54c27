// The tasks: which one a recipe or a run is for.
#pragma once

#include <memory>
#include <string>

#include "models/runs/run_file.h"
#include "models/tasks/task.h"

namespace temper::tasks {

// The task that the recipe's network is trained for.
std::unique_ptr<Task> make_task(const training::Recipe& recipe);

// The task of a finished run, its model loaded. Throws Error naming the file and what is wrong with it.
std::unique_ptr<Task> open_run(const std::string& folder, const runs::LoadOptions& options = {});

// The task of a student of these teachers, which are loaded: that of the first run; for a file of logits, classification.
std::unique_ptr<Task> make_student_task(const std::vector<std::string>& teacher_runs, const training::TeacherFile& file);

}  // namespace temper::tasks
