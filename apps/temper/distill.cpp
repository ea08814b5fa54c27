// temper distill

#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "apps/temper/data_loading.h"
#include "apps/temper/training_options.h"
#include "models/training/loss.h"

namespace temper::app {
namespace {

struct Options : TrainingOptions {
  std::string teacher;
};

void run(Options& options) {
  if (!options.find_checkpoint("distill", !options.teacher.empty())) return;
  if (options.checkpoint && options.teacher.empty()) options.teacher = options.checkpoint->plan.teachers.at(0);
  if (options.show_config && options.teacher.empty()) {
    options.show_settings(options.settings());
    return;
  }
  TEMPER_CHECK(!options.teacher.empty(), "--teacher: who is to teach?; give the folder of a run");
  options.settings();  // what makes no sense is said before anything is read
  options.use_threads();
  const training::LoadedRun teacher = training::load_run(options.teacher);
  if (options.data.empty()) options.data = teacher.data;
  training::Recipe recipe = options.settings();
  // The student's val must hold no image that the teacher has learned.
  if (recipe.val_size == training::Recipe::kOwnSplit && options.data == teacher.data) recipe.val_size = teacher.val_size;
  if (options.show_settings(recipe)) return;
  if (options.data == teacher.data && recipe.val_size != teacher.val_size) {
    warn("the teacher was trained with another --val-size: it knows some of the images that the student is validated on");
  }
  const training::Distillation& distillation = recipe.distillation;
  if (teacher.smoothing > 0 && distillation.temperature > 1) {
    warn("the teacher was trained with label smoothing: above temperature 1 it has little left to teach; compare with --temperature 1");
  }
  data::LoadOptions load = options.load_options(recipe);
  if (options.data == teacher.data && recipe.image_size == 0) load.framing = teacher.model.framing;
  const data::Splits splits = load_data(options.data, load);
  const models::Model student = make_model(recipe, splits.train);
  const training::Loss loss = training::distillation_loss(teacher.model, student, splits.train, distillation, recipe);
  train_and_keep(options, splits, student,
                 {.command = "distill",
                  .data = options.data,
                  .model = recipe.model,
                  .recipe = recipe,
                  .teacher = training::TeacherRecord{.run = options.teacher,
                                                     .model = teacher.model.network_name,
                                                     .smoothing = teacher.smoothing,
                                                     .distillation = distillation,
                                                     .fingerprint = teacher.model.parameters->fingerprint()}},
                 loss);
}

}  // namespace

void add_distill(CLI::App& app) {
  CLI::App* command = app.add_subcommand("distill", "Train a student from a teacher's probabilities");
  auto options = std::make_shared<Options>();
  command->add_option("--teacher", options->teacher, "The folder of the teacher's run; the teacher stays as it is")->type_name("RUN");
  command->add_option("--data", options->data, "What to train on (default: the teacher's data)")->type_name("SPEC");
  options->add_to(*command, Teacher::wanted);
  command->footer(
      command->get_footer() +
      "\nloss = (1 - beta) H(labels, p) + beta KL(p_teacher(T) || p); both see the same place of the same augmented image, each\n"
      "in its own --crop and --standardize.\n\n"
      "Example:\n"
      "  temper distill --teacher runs/hard --model mlp --temperature 2 --out runs/student");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
