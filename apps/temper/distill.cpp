// temper distill

#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "apps/temper/training_options.h"
#include "models/training/loss.h"

namespace temper::app {
namespace {

struct Options : TrainingOptions {
  std::string teacher;
  std::string form = "paper";
  training::Distillation distillation;
};

void run(Options& options) {
  options.distillation.form = training::distillation_form(options.form);
  options.distillation.check();
  options.use_threads();
  const training::LoadedRun teacher = training::load_run(options.teacher);
  if (options.data.empty()) options.data = teacher.data;
  const training::Recipe recipe = options.recipe();
  if (teacher.smoothing > 0 && options.distillation.temperature > 1) {
    warn("the teacher was trained with label smoothing: above temperature 1 it has little left to teach; compare with --temperature 1");
  }
  const data::Splits splits = data::load(options.data);
  const models::Model student =
      models::make_model(options.model, splits.train, recipe.seed, {.standardization = recipe.standardization, .crop = recipe.crop});
  const training::Loss loss = training::distillation_loss(teacher.model, student, splits.train, options.distillation, recipe);
  train_and_keep(options, splits, student,
                 {.command = "distill",
                  .data = options.data,
                  .model = options.model,
                  .recipe = recipe,
                  .teacher = training::TeacherRecord{options.teacher, teacher.model.network_name, teacher.smoothing, options.distillation}},
                 loss);
}

}  // namespace

void add_distill(CLI::App& app) {
  CLI::App* command = app.add_subcommand("distill", "Train a student from a teacher's probabilities");
  auto options = std::make_shared<Options>();
  command->add_option("--teacher", options->teacher, "The folder of the teacher's run; the teacher stays as it is")
      ->required()
      ->type_name("RUN");
  command->add_option("--data", options->data, "What to train on (default: the teacher's data)")->type_name("SPEC");
  command->add_option("--temperature", options->distillation.temperature, "Softens the teacher's probabilities (default 1)")
      ->type_name("T");
  command
      ->add_option("--beta", options->distillation.beta,
                   "Weight of the teacher against the labels, in [0,1] (default 1: the labels play no part)")
      ->type_name("B");
  command
      ->add_option(
          "--form", options->form,
          "paper: T on the teacher alone, no factor (Müller et al. 2019);\nhinton: T on both sides, times T^2 (Hinton et al. 2015)")
      ->type_name("NAME");
  options->add_to(*command);
  command->footer(
      "loss = (1 - beta) H(labels, p) + beta KL(p_teacher(T) || p)\n\n"
      "Example:\n"
      "  temper distill --teacher runs/hard --model mlp --temperature 2 --out runs/student");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
