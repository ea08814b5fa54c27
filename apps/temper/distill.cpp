// temper distill

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "apps/temper/commands.h"
#include "apps/temper/console.h"
#include "apps/temper/data_loading.h"
#include "apps/temper/image_training.h"
#include "apps/temper/ranks.h"
#include "apps/temper/translation_training.h"
#include "core/file.h"
#include "core/fingerprint.h"
#include "data/text/text_splits.h"
#include "models/analysis/equivalent_smoothing.h"
#include "models/training/loss.h"
#include "models/training/teacher.h"
#include "models/translation/run.h"

namespace temper::app {
namespace {

using Form = training::Distillation::Form;
using Runs = std::vector<training::LoadedRun>;

struct DistillOptions : TrainingOptions {
  std::vector<std::string> teachers;
  training::TeacherFile file;

  // Those of a run that is resumed, unless the command line names some: which must then be the same.
  void take_teachers_of(const training::RunPlan& plan) {
    if (!teachers.empty() || !file.logits.empty()) return;
    teachers = plan.teachers;
    file = plan.teacher_file;
  }
};

void check(const DistillOptions& options) {
  const bool file = !options.file.logits.empty();
  TEMPER_CHECK(file || !options.teachers.empty(),
               "--teacher: who is to teach?; give the folder of a run, or --teacher-logits FILE of another program");
  TEMPER_CHECK(!file || options.teachers.empty(), "--teacher-logits: a run teaches already; give either, not both");
  TEMPER_CHECK(file || !options.file.probabilities, "--probabilities: it says what --teacher-logits holds; leave it out");
  check_not_read("--out", options.out, options.teachers);
}

// The student's val must hold no image that a teacher has learned.
training::Recipe settings_of(const DistillOptions& options, const Runs& teachers) {
  training::Recipe recipe = options.settings();
  for (const training::LoadedRun& teacher : teachers) {
    if (options.data != teacher.data) continue;
    if (recipe.val_size == training::Recipe::kOwnSplit) recipe.val_size = teacher.val_size;
    if (recipe.val_size != teacher.val_size) {
      warn("a teacher was trained with another --val-size: it knows some of the images that the student is validated on");
      break;
    }
  }
  return recipe;
}

training::TeacherRecord record_of(const DistillOptions& options, const Runs& teachers, const training::Distillation& distillation) {
  training::TeacherRecord record{
      .run = options.file.logits, .distillation = distillation, .runs = options.teachers, .probabilities = options.file.probabilities};
  Fingerprint knowledge;
  if (teachers.empty()) knowledge.add(read_file(options.file.logits));
  for (std::size_t i = 0; i < teachers.size(); ++i) {
    const std::string_view joint = i == 0 ? "" : " + ";
    record.run += concat(joint, options.teachers[i]);
    record.model += concat(joint, teachers[i].model.network_name);
    record.smoothing = std::max(record.smoothing, teachers[i].smoothing);
    knowledge.add(teachers[i].model.parameters->fingerprint());
  }
  record.fingerprint = knowledge.hex();
  return record;
}

// What is known about teachers with label smoothing, of which the paper is about.
void advise_on_smoothing(const training::TeacherRecord& teacher, bool quiet) {
  if (teacher.smoothing == 0) return;
  const training::Distillation& d = teacher.distillation;
  const std::string trained = fmt::format("the teacher was trained with label smoothing {}", teacher.smoothing);
  if (d.form == Form::logits) {
    warn(trained +
         ": its logits have lost much of what the classes have in common; on MNIST such a student made 0.91 % errors, that of a "
         "hard teacher 0.74 % (Müller et al. 2019)");
  } else if (d.temperature > 1) {
    warn(trained + fmt::format(": above temperature 1 it has little left to teach (Müller et al. 2019; on ImageNet 68.9 % at T = 2 against "
                               "71.7 % at T = 1, Chandrasegaran et al. 2022), and T is {}; compare with --temperature 1",
                               d.temperature));
  } else if (!quiet) {
    fmt::print(stderr, "{}: at T = 1 it is known to teach no worse than a hard one (Shen et al. 2021; Chandrasegaran et al. 2022)\n",
               trained);
  }
}

// What a high temperature costs without the factor T^2. apps/reproduce/results, figure 5, has the numbers.
void advise_on_temperature(const training::Distillation& d, bool quiet) {
  if (quiet || !is_first_rank() || d.form != Form::paper || d.times_squared() || d.temperature < 4) return;
  fmt::print(
      stderr,
      "at T = {:.4g} the paper's form makes steps smaller by about T^2: AlexNet on CIFAR-10 came to 74.0 % in 12 epochs at T = 4, with "
      "--form hinton to 78.4 %; where training is short, compare with --form hinton or a larger --loss-scale\n",
      d.temperature);
}

void advise(const training::TeacherRecord& teacher, bool quiet) {
  advise_on_smoothing(teacher, quiet);
  advise_on_temperature(teacher.distillation, quiet);
}

// Lets the teacher see the training images, and says what it is.
void study(const DistillOptions& options, const data::Dataset& train, const training::Recipe& recipe, training::Teacher& teacher,
           training::TeacherRecord& record) {
  const auto start = std::chrono::steady_clock::now();
  const calibration::Predictions known = teacher.study(train, recipe, [&](Index done, Index all) {
    show_stage(fmt::format("the teacher looks at the images: {} of {}  {}", grouped(done), grouped(all), eta(start, done, all)));
  });
  clear_stage();
  const double accuracy = calibration::accuracy(known), T = record.distillation.temperature;
  record.equivalent_smoothing = analysis::equivalent_smoothing(known, T);
  record.by_sample = teacher.knows_by_sample();
  if (!options.file.logits.empty() && accuracy * static_cast<double>(known.classes) < 2)
    warn(fmt::format("{}: it is right about {} of the training images, as if by chance; are its rows in their order?", options.file.logits,
                     percent(accuracy)));
  if (options.json || !is_first_rank()) return;
  fmt::print(stderr, "teacher {}: {} right on the training images, gamma {:.4f} at T = {:.4g} (as if smoothed by so much); {}\n",
             record.run, percent(accuracy), record.equivalent_smoothing, T,
             record.by_sample ? "its logits are computed once" : "it looks at every batch, whose images change at random");
}

// The student reads and is measured as its teacher was, where nothing else is said.
training::Recipe settings_of(const DistillOptions& options, const translation::LoadedRun& teacher) {
  training::Recipe recipe = options.settings();
  const training::Recipe::Text& its = teacher.recipe.text;
  recipe.text.lower_case = teacher.model.text.lower_case;
  if (options.data != teacher.data) return recipe;
  if (recipe.text.languages.empty()) recipe.text.languages = its.languages;
  if (recipe.text.val.empty()) recipe.text.val = its.val;
  if (recipe.text.test.empty()) recipe.text.test = its.test;
  if (recipe.val_size == training::Recipe::kOwnSplit) recipe.val_size = teacher.recipe.val_size;
  return recipe;
}

void distill_translation(DistillOptions& options) {
  TEMPER_CHECK(options.teachers.size() == 1, "--teacher: ", options.teachers.size(),
               " runs, the first of which translates; one such run teaches alone: give one");
  const translation::LoadedRun teacher = translation::load_run(options.teachers.front());
  if (options.data.empty()) options.data = teacher.data;
  const training::Recipe recipe = settings_of(options, teacher);
  if (options.show_settings(recipe)) return;
  TEMPER_CHECK(recipe.text.subwords.empty(), "--subwords: a student reads those of its teacher; leave it out");
  const training::TeacherRecord record{.run = options.teachers.front(),
                                       .model = teacher.model.network_name,
                                       .smoothing = teacher.recipe.smoothing,
                                       .distillation = recipe.distillation,
                                       .runs = options.teachers,
                                       .fingerprint = teacher.model.parameters->fingerprint()};
  advise(record, options.json);
  train_translation(options, {.command = "distill", .data = options.data, .model = recipe.model, .recipe = recipe, .teacher = record},
                    &teacher);
}

void run(DistillOptions& options) {
  if (!options.find_checkpoint("distill", !options.teachers.empty() || !options.file.logits.empty())) return;
  if (options.checkpoint) options.take_teachers_of(options.checkpoint->plan);
  if (options.show_config && options.teachers.empty()) {
    options.show_settings(options.settings());
    return;
  }
  check(options);
  options.settings();  // what makes no sense is said before anything is read
  options.use_threads();
  if (!options.teachers.empty() && translation::is_translation_run(options.teachers.front())) return distill_translation(options);
  Runs teachers;
  for (const std::string& folder : options.teachers) teachers.push_back(training::load_run(folder));
  if (options.data.empty() && !teachers.empty()) options.data = teachers.front().data;
  const training::Recipe recipe = settings_of(options, teachers);
  if (options.show_settings(recipe)) return;
  TEMPER_CHECK(!data::is_text(options.data), teachers.empty() ? "--teacher-logits: a file" : "--teacher: a run of images", " cannot teach ",
               options.data, "; give a run that translates");
  data::LoadOptions load = options.load_options(recipe);
  if (!teachers.empty() && options.data == teachers.front().data && recipe.image_size == 0) load.framing = teachers.front().model.framing;
  const data::Splits splits = load_data(options.data, load);
  const models::Model student = make_model(recipe, splits.train);

  std::vector<const models::Model*> networks;
  for (const training::LoadedRun& teacher : teachers) networks.push_back(&teacher.model);
  training::Teacher teacher = networks.empty() ? training::Teacher(options.file, student, splits.train, recipe)
                                               : training::Teacher(networks, student, splits.train, recipe.distillation);
  training::TeacherRecord record = record_of(options, teachers, recipe.distillation);
  advise(record, options.json);
  study(options, splits.train, recipe, teacher, record);
  train_and_keep(options, splits, student,
                 {.command = "distill", .data = options.data, .model = recipe.model, .recipe = recipe, .teacher = record},
                 training::distillation_loss(std::move(teacher), recipe.distillation, recipe));
}

}  // namespace

void add_distill(CLI::App& app) {
  CLI::App* command = app.add_subcommand("distill", "Train a student from a teacher's probabilities");
  auto options = std::make_shared<DistillOptions>();
  command->add_option("--teacher", options->teachers, "The folder of the teacher's run, which stays as it is; several teach as one")
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
      "in its own --crop and --standardize. Without random changes of the images the teacher looks at each of them once. Several\n"
      "teachers teach the mean of their probabilities at T. gamma is the label smoothing that the teacher amounts to at T. The\n"
      "gradients of logits and decoupled are large: --clip 1 keeps them from throwing the student off. A run that translates teaches\n"
      "another the next word, word by word; the student reads its subwords.\n\n"
      "Examples:\n"
      "  temper distill --teacher runs/hard --model mlp --temperature 2 --out runs/student\n"
      "  temper distill --teacher runs/a runs/b --model mlp --form hinton --temperature 4 --out runs/student\n"
      "  temper distill --teacher runs/hard --model mlp --form decoupled --temperature 4 --clip 1 --out runs/student\n"
      "  temper distill --teacher runs/translator --model transformer_small --beta 0.5 --out runs/small-translator\n"
      "  temper distill --teacher-logits logits.npy --data digits --model mlp --shift 0 --out runs/student");
  command->callback([options] { run(*options); });
}

}  // namespace temper::app
