#include "models/tasks/tasks.h"

#include "core/base/names.h"
#include "models/tasks/classification.h"
#include "models/tasks/translation.h"

namespace temper::tasks {

std::string_view name(Split split) { return split == Split::train ? "train" : split == Split::val ? "val" : "test"; }

Split parse_split(std::string_view text) {
  using enum Split;
  return find_by_name(text, {train, val, test}, "train, val or test");
}

std::unique_ptr<Task> make_task(const training::Recipe& recipe) {
  if (recipe.reads_text()) return std::make_unique<Translation>();
  return std::make_unique<Classification>();
}

std::unique_ptr<Task> open_run(const std::string& folder, const runs::LoadOptions& options) {
  if (runs::is_translation_run(folder)) return std::make_unique<Translation>(folder, options);
  return std::make_unique<Classification>(folder, options);
}

std::unique_ptr<Task> make_student_task(const std::vector<std::string>& teacher_runs, const training::TeacherFile& file) {
  const bool translates = !teacher_runs.empty() && runs::is_translation_run(teacher_runs.front());
  std::unique_ptr<Task> task;
  if (translates)
    task = std::make_unique<Translation>();
  else
    task = std::make_unique<Classification>();
  task->load_teachers(teacher_runs, file);
  return task;
}

}  // namespace temper::tasks
