// temper distill

#include <fmt/format.h>

#include "apps/temper/commands/commands.h"
#include "apps/temper/commands/sweep.h"
#include "apps/temper/commands/training.h"
#include "apps/temper/terminal/console.h"
#include "apps/temper/terminal/output.h"
#include "apps/temper/terminal/ranks.h"
#include "models/tasks/tasks.h"

namespace temper::app {
namespace {

using Form = training::Distillation::Form;

struct DistillOptions : TrainingOptions {
  std::vector<std::string> teachers;
  training::TeacherFile file;

  // Those of a run that is resumed, unless the command line names some: which must then be the same.
  void add_teachers(const training::RunPlan& plan) {
    if (teachers.empty() && file.logits.empty()) {
      teachers = plan.teachers;
      file = plan.teacher_file;
    }
    TEMPER_CHECK(
        teachers == plan.teachers && file.logits == plan.teacher_file.logits,
        "--resume: the run was started with another teacher; resume with that, or start another run with another --out or --overwrite");
  }
};

void check(const DistillOptions& options) {
  const bool file = !options.file.logits.empty();
  TEMPER_CHECK(file || !options.teachers.empty(),
               "--teacher: missing; give the folder of a run, or --teacher-logits FILE of another program");
  TEMPER_CHECK(!file || options.teachers.empty(), "--teacher-logits: a run teaches already; give either, not both");
  TEMPER_CHECK(file || !options.file.probabilities, "--probabilities: it describes the file of --teacher-logits; leave it out");
  check_not_read("--out", options.out, options.teachers);
}

// What is known about teachers with label smoothing, which is what the paper is about.
void advise_on_smoothing(const runs::TeacherRecord& teacher, const training::Distillation& d, bool quiet) {
  if (teacher.smoothing == 0) return;
  const std::string trained = fmt::format("the teacher was trained with label smoothing {}", teacher.smoothing);
  if (d.form == Form::logits) {
    warn(trained +
         ": its logits have lost much of what the classes have in common; on MNIST such a student made 0.91 % errors, that of a "
         "hard teacher 0.74 % (Müller et al. 2019)");
  } else if (d.teacher_temperature > 1) {
    warn(trained + fmt::format(": above temperature 1 it has little left to teach (Müller et al. 2019; on ImageNet 68.9 % at T = 2 against "
                               "71.7 % at T = 1, Chandrasegaran et al. 2022), and T is {}; compare with --temperature 1",
                               d.teacher_temperature));
  } else if (!quiet) {
    note("{}: at T = 1 it is known to teach no worse than a hard one (Shen et al. 2021; Chandrasegaran et al. 2022)\n", trained);
  }
}

// What a high temperature costs without the factor T^2. apps/reproduce/results, figure 5, has the numbers.
void advise_on_temperature(const training::Distillation& d, bool quiet) {
  if (quiet || !is_first_rank() || d.form != Form::paper || d.times_squared() || d.teacher_temperature < 4) return;
  note(
      "at T = {:.4g} the paper's form makes steps smaller by about T^2: AlexNet on CIFAR-10 came to 74.0 % in 12 epochs at T = 4, with "
      "--form hinton to 78.4 %; where training is short, compare with --form hinton or a larger --loss-scale\n",
      d.teacher_temperature);
}

void advise(const runs::TeacherRecord& teacher, const training::Distillation& distillation, bool quiet) {
  advise_on_smoothing(teacher, distillation, quiet);
  advise_on_temperature(distillation, quiet);
}

void run(DistillOptions& options) {
  if (const auto sweep = options.find_sweep("distill")) return run_sweep(options, *sweep);
  options.find_run("distill", !options.teachers.empty() || !options.file.logits.empty());
  if (options.checkpoint) options.add_teachers(options.checkpoint->plan);
  const training::Recipe asked = options.settings();  // reports invalid settings before anything is read
  if (options.is_finished(asked)) return;
  if (options.show_config && (options.teachers.empty() || options.resume)) {
    options.show_settings(asked);
    return;
  }
  check(options);
  options.use_threads();
  const std::unique_ptr<tasks::Task> task = tasks::make_student_task(options.teachers, options.file);
  task->reporter = terminal_reporter();
  if (options.data.empty()) options.data = task->teachers_data();
  const training::Recipe recipe = task->adopt_settings(options.settings(), options.data);
  if (options.show_settings(recipe)) return;
  const runs::TeacherRecord teacher = task->teacher_record();
  advise(teacher, recipe.distillation, options.json);
  train_and_print(options, *task, {.command = "distill", .data = options.data, .recipe = recipe, .teacher = teacher});
}

}  // namespace

void add_distill(CLI::App& app) {
  CLI::App* command = app.add_subcommand("distill", "Train a student from a teacher's probabilities");
  auto options = std::make_shared<DistillOptions>();
  command->add_option("--teacher", options->teachers, "The folder of the teacher's run, which is not changed; several form an ensemble")
      ->type_name("RUN");
  command
      ->add_option("--teacher-logits", options->file.logits,
                   "Instead: logits of any program in .npy, .npz, .csv, .tsv or .safetensors, a row for each training image in its order")
      ->type_name("FILE");
  command->add_flag("--probabilities", options->file.probabilities, "What --teacher-logits names are probabilities");
  command->add_option("--data", options->data, "What to train on (default: the teacher's data)")->type_name("SPEC");
  options->add_to(*command, Teacher::wanted);
  command->footer(
      command->get_footer() +
      "\nloss = (1 - beta) H(labels, p) + beta KL(p_teacher(T) || p); both see the same place of the same augmented image, each\n"
      "in its own --crop and --standardize. Without random augmentation the teacher's logits are computed once. Several\n"
      "teachers teach the mean of their probabilities at T. gamma is the label smoothing that the teacher amounts to at T. The\n"
      "gradients of logits and decoupled are large: --clip 1 keeps them from throwing the student off. A run that translates teaches\n"
      "another the next word, word by word; the student reads its subwords.\n\n"
      "Examples:\n"
      "  temper distill --teacher runs/hard --model mlp --temperature 2 --out runs/student\n"
      "  temper distill --teacher runs/a runs/b --model mlp --form hinton --temperature 4 --out runs/student\n"
      "  temper distill --teacher runs/hard --model mlp --form decoupled --temperature 4 --clip 1 --out runs/student\n"
      "  temper distill --teacher runs/translator --model transformer_small --beta 0.5 --out runs/small-translator\n"
      "  temper distill --teacher runs/hard --model mlp --temperature 1,2,4 --seeds 1..3 --out runs/students\n"
      "  temper distill --teacher-logits logits.npy --data digits --model mlp --shift 0 --out runs/student");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
