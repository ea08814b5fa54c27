// Both tasks through the one seam: what is trained is kept, opened again, measured alike, and teaches.

#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "core/base/file.h"
#include "models/calibration/metrics/metrics.h"
#include "models/tasks/classification.h"
#include "models/tasks/tasks.h"
#include "models/tasks/train_run.h"
#include "models/tasks/translation.h"
#include "tests/data/text/small_corpus.h"
#include "tests/temporary_folder.h"

namespace temper::tasks {
namespace {

training::Recipe digits_recipe(const std::string& model) {
  training::Recipe recipe = training::Recipe::for_data("digits");
  recipe.model = model;
  recipe.epochs = 2;
  return recipe;
}

// A folder text/ with a made-up language, and a recipe that learns it in moments.
std::string write_text(const TemporaryFolder& folder) {
  std::filesystem::create_directories(folder / "text");
  for (const auto& [part, pairs, seed] : {std::tuple{"train", 60, 1}, {"val", 10, 2}, {"test", 10, 3}}) {
    const data::ParallelCorpus corpus = tests::small_corpus(pairs, static_cast<std::uint64_t>(seed));
    std::string source, target;
    for (Index i = 0; i < corpus.size(); ++i) {
      source += corpus.source[static_cast<std::size_t>(i)] + "\n";
      target += corpus.target[static_cast<std::size_t>(i)] + "\n";
    }
    write_file(folder / str_cat("text/", part, ".en"), source);
    write_file(folder / str_cat("text/", part, ".de"), target);
  }
  return str_cat("text:", folder / "text");
}

training::Recipe text_recipe() {
  training::Recipe recipe = training::Recipe::for_data("text");
  recipe.model = "transformer_small";
  recipe.epochs = 1;
  recipe.text.vocabulary.vocabulary = 60;
  recipe.text.longest = 60;
  recipe.text.batch_tokens = 120;
  return recipe;
}

struct TaskCase {
  std::string data;
  training::Recipe teacher, student;
};

std::vector<TaskCase> task_cases(const TemporaryFolder& folder) {
  return {{"digits", digits_recipe("mlp-16"), digits_recipe("mlp-8")}, {write_text(folder), text_recipe(), text_recipe()}};
}

TEST_CASE("tasks: a training is kept, and the run that is opened again measures the same") {
  const TemporaryFolder folder;
  for (const TaskCase& one : task_cases(folder)) {
    CAPTURE(one.data);
    const std::string run = folder / str_cat("run-", one.teacher.model);
    const auto task = make_task(one.teacher);
    std::set<std::string> stages;
    task->reporter.on_progress = [&](std::string_view stage, Index, Index) { stages.insert(std::string(stage)); };
    Index steps = 0, epochs = 0;
    TrainRunOptions options{.folder = run};
    options.observer.on_step = [&](const training::Progress&) { ++steps; };
    options.observer.on_epoch = [&](const std::vector<training::EpochRecord>& done) {
      epochs = static_cast<Index>(done.size());
      CHECK(std::filesystem::exists(run + "/log.csv"));
    };
    const runs::Run record = train_run(*task, {.command = "train", .data = one.data, .recipe = one.teacher}, options);
    CHECK(epochs == one.teacher.epochs);
    CHECK(steps > epochs);
    CHECK(record.kept_epoch == epochs);
    CHECK(record.score.has_value() == (task->unit() == "words"));

    optim::SingleProcess single_process;
    const auto opened = open_run(run);
    CHECK(opened->unit() == task->unit());
    CHECK(opened->run().parameters == record.parameters);
    CHECK(record.parameters > 0);
    CHECK_FALSE(opened->run().calibration);
    opened->load_run_data({});
    for (const auto& [split, expected] : {std::pair{Split::val, record.val}, {Split::test, record.test}}) {
      const calibration::Metrics measured = opened->measure(split, *calibration::identity_calibrator(), single_process).metrics;
      CHECK(measured.samples == expected.samples);
      CHECK(measured.accuracy == doctest::Approx(expected.accuracy));
      CHECK(measured.nll == doctest::Approx(expected.nll).epsilon(1e-6));
      const calibration::Predictions predictions = opened->predict(split, single_process);
      CHECK(predictions.size() == expected.samples);
      CHECK(calibration::nll(predictions) == doctest::Approx(expected.nll).epsilon(1e-5));
    }
    const auto score = opened->score_translations(Split::test, 1);
    CHECK(score.has_value() == record.score.has_value());
    if (score) CHECK(score->bleu.score == record.score->bleu.score);
    if (score) CHECK(stages.contains("translating: sentences"));

    // The same folder is refused without --overwrite, and keeps its run.
    CHECK_THROWS_WITH_AS(train_run(*make_task(one.teacher), {.command = "train", .data = one.data, .recipe = one.teacher}, options),
                         doctest::Contains("holds a finished run"), Error);
    CHECK(std::filesystem::exists(run + "/model.safetensors"));
  }
}

TEST_CASE("tasks: a training that was stopped resumes to the same bits") {
  const TemporaryFolder folder;
  for (const TaskCase& one : task_cases(folder)) {
    CAPTURE(one.data);
    const runs::Run record{.command = "train", .data = one.data, .recipe = one.teacher};
    const std::string whole = folder / str_cat("whole-", one.teacher.model), parts = folder / str_cat("parts-", one.teacher.model);
    train_run(*make_task(one.teacher), record, {.folder = whole});
    TrainRunOptions options{.folder = parts};
    Index steps = 0;
    options.observer.on_step = [&](const training::Progress&) { ++steps; };
    options.observer.stop = [&] { return steps == 3; };
    CHECK_THROWS_AS(train_run(*make_task(one.teacher), record, options), training::Stopped);
    CHECK_FALSE(std::filesystem::exists(parts + "/run.json"));
    const auto checkpoint = training::Checkpoints(parts).newest([](const std::string&) {});
    REQUIRE(checkpoint);
    CHECK(checkpoint->state.step == 3);
    options.resume = &*checkpoint;
    train_run(*make_task(one.teacher), record, options);
    CHECK(read_file(parts + "/model.safetensors") == read_file(whole + "/model.safetensors"));

    runs::Run other = record;
    other.recipe.seed = 7;
    CHECK_THROWS_WITH_AS(train_run(*make_task(one.teacher), other, options), doctest::Contains("--resume: "), Error);
  }
}

TEST_CASE("tasks: a run teaches a student of its task, which takes over what it must") {
  const TemporaryFolder folder;
  for (const TaskCase& one : task_cases(folder)) {
    CAPTURE(one.data);
    const std::string teacher_run = folder / str_cat("teacher-", one.teacher.model);
    training::Recipe teacher_recipe = one.teacher;
    teacher_recipe.smoothing = 0.1f;
    if (teacher_recipe.reads_text()) teacher_recipe.text.lower_case = true;
    if (!teacher_recipe.reads_text()) teacher_recipe.val_size = 100;
    train_run(*make_task(teacher_recipe), {.command = "train", .data = one.data, .recipe = teacher_recipe}, {.folder = teacher_run});

    const auto task = make_student_task({teacher_run}, {});
    CHECK(task->teachers_data() == one.data);
    training::Recipe recipe = task->adopt_settings(one.student, one.data);
    if (recipe.reads_text())
      CHECK(recipe.text.lower_case);
    else
      CHECK(recipe.val_size == 100);
    recipe.distillation = {.teacher_temperature = 2, .beta = 1};
    const runs::TeacherRecord teacher = task->teacher_record();
    CHECK(teacher.smoothing == 0.1f);
    CHECK(teacher.model == teacher_recipe.model);
    double accuracy = -1;
    TrainRunOptions options{.folder = folder / str_cat("student-", one.student.model)};
    options.on_teacher = [&](const runs::TeacherRecord&, double measured) { accuracy = measured; };
    const runs::Run record = train_run(*task, {.command = "distill", .data = one.data, .recipe = recipe, .teacher = teacher}, options);
    CHECK(accuracy > 0);
    CHECK(record.teacher->equivalent_smoothing > 0);
    CHECK(record.teacher->equivalent_smoothing < 1);
    CHECK(open_run(options.folder)->unit() == task->unit());
  }
}

TEST_CASE("tasks: options and teachers of the other task are refused, saying why") {
  const TemporaryFolder folder;
  const std::vector<TaskCase> cases = task_cases(folder);
  const auto train = [&](const TaskCase& one, const std::string& run) {
    train_run(*make_task(one.teacher), {.command = "train", .data = one.data, .recipe = one.teacher}, {.folder = run});
  };
  const std::string images = folder / "images", text = folder / "text-run";
  train(cases[0], images);
  train(cases[1], text);
  CHECK_THROWS_WITH_AS(open_run(images)->load_run_data({.beam = 4}), doctest::Contains("--beam: it is for runs that translate"), Error);
  CHECK_THROWS_WITH_AS(open_run(images)->load_run_data({.tta = "sideways"}), doctest::Contains("--tta: "), Error);
  CHECK_THROWS_WITH_AS(open_run(text)->load_run_data({.tta = "flip"}), doctest::Contains("--tta: it averages views of images"), Error);
  CHECK_THROWS_WITH_AS(make_student_task({text, text}, {}), doctest::Contains("--teacher: 2 runs"), Error);
  CHECK_THROWS_WITH_AS(make_student_task({images}, {})->adopt_settings(digits_recipe("mlp-8"), cases[1].data),
                       doctest::Contains("cannot teach text:"), Error);
  CHECK_THROWS_WITH_AS(open_run(folder / "nothing"), doctest::Contains("there is no such folder"), Error);
  for (const Split split : {Split::train, Split::val, Split::test}) CHECK(parse_split(name(split)) == split);
  CHECK_THROWS_WITH_AS(parse_split("valid"), doctest::Contains("train, val or test"), Error);
}

}  // namespace
}  // namespace temper::tasks
